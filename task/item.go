package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// fault is why a row is no problem.
type fault struct{ column, reason string }

// item reads a record's parts; its ID is empty unless a column holds it.
func (c Columns) item(r record) (Item, *fault) {
	var item Item
	item.Task = maths
	if f := c.question(r, &item); f != nil {
		return item, f
	}
	for _, p := range []struct {
		column string
		into   *string
	}{
		{c.Gold, &item.Stated},
		{c.Solution, &item.Solution},
		{c.ID, &item.ID},
		{c.Subject, &item.Subject},
		{c.Level, &item.Level},
		{c.Source, &item.Source},
	} {
		text, err := r.text(p.column)
		if err != nil {
			return item, &fault{p.column, err.Error()}
		}
		*p.into = strings.TrimSpace(text)
	}
	if c.ID != "" && item.ID == "" {
		return item, &fault{c.ID, "the id is empty or absent: fill it, or take --id-field - for a hash of the question"}
	}
	return item, c.gold(&item)
}

// question reads text or a chat.
func (c Columns) question(r record, item *Item) *fault {
	if turns, isList := r.at(c.Question).([]any); isList {
		messages, err := chat(turns)
		if err != nil {
			return &fault{c.Question, err.Error()}
		}
		item.Messages, item.Prompt = messages, messages[len(messages)-1].Content
	} else {
		text, err := r.text(c.Question)
		if err != nil {
			return &fault{c.Question, err.Error()}
		}
		item.Prompt = text
	}
	if strings.TrimSpace(item.Prompt) == "" {
		return &fault{c.Question, "the question is empty or absent: fill it, or remove the row"}
	}
	return nil
}

// gold chooses the gold answer: see Read.
func (c Columns) gold(item *Item) *fault {
	answer, found := FinalAnswer(item.Solution)
	item.FromSolution = found && !c.named
	if !item.FromSolution {
		answer, found = FinalAnswer(item.Stated)
		if !found {
			answer = item.Stated
		}
	}
	item.Gold = answer
	switch {
	case answer != "":
		return nil
	case c.Gold == "":
		return &fault{c.Solution, `the solution has no answer in \boxed{} or behind ####: name a column of gold answers with --gold-field, or remove the row`}
	case c.Solution != "" && !c.named:
		return &fault{c.Gold, "the gold answer is empty or absent, and " + c.Solution + ` has none in \boxed{} or behind ####: fill it, or remove the row`}
	default:
		return &fault{c.Gold, "the gold answer is empty or absent: fill it, or remove the row"}
	}
}

// chat reads turns up to the last of the user; what follows is an answer.
func chat(turns []any) ([]Message, error) {
	var messages []Message
	end := 0
	for i, turn := range turns {
		fields, _ := turn.(map[string]any)
		role, isRole := fields["role"].(string)
		content, isText := fields["content"].(string)
		if !isRole || !isText {
			return nil, fmt.Errorf("turn %d of the chat is not {role, content} with two texts: mend it, or name a column of text with --question-field", i+1)
		}
		messages = append(messages, Message{role, content})
		if role == "user" {
			end = i + 1
		}
	}
	if end == 0 {
		return nil, errors.New("the chat has no turn of the user: add one, or name a column of text with --question-field")
	}
	return messages[:end], nil
}

// text is the text or number at a path, or in a list of one at it; empty if there is
// nothing, or no path.
func (r record) text(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return plain(r.at(path))
}

func plain(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case json.Number:
		return v.String(), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32), nil
	case *big.Float: // a decimal of parquet
		return v.Text('f', -1), nil
	case bool, int, int32, int64, uint32, uint64:
		return fmt.Sprint(v), nil
	case []any:
		if len(v) == 1 {
			return plain(v[0])
		}
		return "", fmt.Errorf("it holds a list of %d values where one is needed: name another column", len(v))
	}
	return "", errors.New("it holds a nested value where text or a number is needed: name a column within it, as in reward_model.ground_truth")
}

// hashOf names a question by its content.
func hashOf(question string) string {
	sum := sha256.Sum256([]byte(question))
	return hex.EncodeToString(sum[:8])
}
