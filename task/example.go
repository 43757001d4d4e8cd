package task

import (
	"errors"
	"fmt"
	"strings"
)

// Example is a text to learn: a completion of a prompt, or the last answer of a chat.
type Example struct {
	File               string
	Row                int
	Prompt, Completion string
	Messages           []Message // instead of both: the last is the assistant's
}

// ReadExamples reads files of examples, in the forms that Read takes: a record has
// `messages`, or `prompt` and `completion`, both texts or both lists of messages. A record
// that has neither is an error that names its file and row.
func ReadExamples(files ...string) ([]Example, error) {
	var all []Example
	for _, name := range files {
		err := readFile(name, func(at place, r record) error {
			e, err := r.example()
			if err != nil {
				return fmt.Errorf("%s:%d: %w", at.file, at.row, err)
			}
			e.File, e.Row = at.file, at.row
			all = append(all, e)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read examples: %w", err)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("read examples: %s holds no records", strings.Join(files, ", "))
	}
	return all, nil
}

func (r record) example() (e Example, err error) {
	if turns, ok := r.at("messages").([]any); ok {
		e.Messages, err = turnsOf(turns)
		return e, err
	}
	prompt, isChat := r.at("prompt").([]any)
	completion, alsoChat := r.at("completion").([]any)
	if isChat && alsoChat {
		e.Messages, err = turnsOf(append(prompt[:len(prompt):len(prompt)], completion...))
		return e, err
	}
	var ok, also bool
	e.Prompt, ok = r.at("prompt").(string)
	e.Completion, also = r.at("completion").(string)
	if !ok || !also || e.Prompt == "" || e.Completion == "" {
		return e, errors.New("a record needs messages (a list of {role, content}), or prompt and completion, both texts or both such lists")
	}
	return e, nil
}

// turnsOf reads messages whose last is the assistant's.
func turnsOf(turns []any) ([]Message, error) {
	var messages []Message
	for i, turn := range turns {
		fields, _ := turn.(map[string]any)
		role, isRole := fields["role"].(string)
		content, isText := fields["content"].(string)
		if !isRole || !isText {
			return nil, fmt.Errorf("message %d is not {role, content} with two texts", i+1)
		}
		messages = append(messages, Message{role, content})
	}
	if len(messages) < 2 || messages[len(messages)-1].Role != "assistant" {
		return nil, errors.New("the messages must end with one of the assistant, which is what is learnt")
	}
	return messages, nil
}
