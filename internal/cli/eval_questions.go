package cli

import (
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/openai"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer/chat"
	"github.com/negativa-lab/negativa/verify"
)

// questions are the problems to ask, and who grades the answers.
type questions struct {
	problems  []negativa.Problem
	messages  map[string][]openai.Message // by question, what a chat begins with
	template  string                      // how problems are put; empty: as they are
	verifier  eval.Verifier
	version   string // of the verifier, and its mode
	split     string
	family    task.Family // nil: they are a file's
	data      *eval.Data  // nil: they are a family's
	numbered  bool        // their ids are the numbers of the data's rows
	maxTokens int         // of a completion, unless something else is said
}

// mathGrader is the grader of mathematics as an evaluation's verifier.
type mathGrader struct{ verify.Math }

// Name is what the grader is called in errors.
func (mathGrader) Name() string { return "the grader" }

// questions are those of --data, or else of --task.
func (c *evalCommand) questions(a *app, s settings) (questions, error) {
	if c.Data != "" {
		return c.fileQuestions(a, s)
	}
	if s.template != nil {
		return questions{}, errors.New("a prompt template (and a preset that has one) is for the problems of --data: a task writes its own prompts")
	}
	family, err := task.New(c.Task)
	if err != nil {
		return questions{}, err
	}
	number := 200
	if c.NumProblems != nil {
		number = *c.NumProblems
	}
	problems, err := task.Problems(family, task.Test, c.ProblemSeed, number)
	return questions{
		problems: problems, messages: asUser(problems), verifier: family, version: verify.Version,
		split: string(task.Test), family: family, maxTokens: family.MaxCompletion(),
	}, err
}

// answers lists the right answers of a question by its id; nil where only a file knows some.
func (q questions) answers() func(id string) ([]string, error) {
	if q.family == nil {
		return nil
	}
	problems := map[string]negativa.Problem{}
	for _, p := range q.problems {
		problems[p.ID] = p
	}
	return func(id string) ([]string, error) { return q.family.Answers(problems[id]) }
}

// asUser makes each prompt the message of a user.
func asUser(problems []negativa.Problem) map[string][]openai.Message {
	messages := map[string][]openai.Message{}
	for _, p := range problems {
		messages[p.ID] = templates["plain"].messages(p.Prompt)
	}
	return messages
}

func (c *evalCommand) fileQuestions(a *app, s settings) (questions, error) {
	grader, version, err := c.grader()
	if err != nil {
		return questions{}, err
	}
	set, data, err := c.dataset(a)
	if err != nil {
		return questions{}, err
	}
	rows := set.Items
	if c.NumProblems != nil {
		rows = rows[:min(*c.NumProblems, len(rows))]
	}
	if err := c.readChatTemplate(s.template); err != nil {
		return questions{}, err
	}
	q := questions{messages: map[string][]openai.Message{}, verifier: mathGrader{grader}, version: version, data: &data, numbered: set.Columns.ID == "", maxTokens: 4096}
	for _, row := range rows {
		if err := grader.CheckGold(row.Gold); err != nil {
			return q, fmt.Errorf("%s:%d: question %q: its answer %q cannot be graded against: %w", row.File, row.Row, row.ID, row.Gold, err)
		}
		problem, messages, err := c.put(row, s.template)
		if err != nil {
			return q, fmt.Errorf("%s:%d: question %q: %w", row.File, row.Row, row.ID, err)
		}
		q.problems = append(q.problems, problem)
		q.messages[row.ID] = messages
	}
	if s.template != nil {
		q.template = s.template.text("{problem}")
		if s.template.chat {
			q.template = "the model's chat template of: " + q.template
		}
		if c.API == "chat" {
			q.template = fmt.Sprint(s.template.messages("{problem}"))
		}
	}
	return q, nil
}

// put makes a row a prompt and a chat. A row that is a chat stays one, unless a template
// was asked for: then it is what its last message says.
func (c *evalCommand) put(row task.Item, t *template) (negativa.Problem, []openai.Message, error) {
	p := row.Problem
	chat := c.API == "chat" && c.Model == ""
	if t == nil && len(row.Messages) > 0 {
		if !chat {
			return p, nil, errors.New("its prompt is a chat, not a text: ask a server with --api chat, or name a --prompt_template to put its last message in")
		}
		return p, turns(row.Messages), nil
	}
	put := templates["plain"]
	if t != nil {
		put = *t
	}
	messages := put.messages(row.Prompt)
	var err error
	switch {
	case chat:
	case put.chat:
		p.Prompt, err = c.chatTemplate.Messages(asChat(messages)...)
	default:
		p.Prompt = put.text(row.Prompt)
	}
	return p, messages, err
}

// readChatTemplate opens the model's own template where problems are to be put with it.
func (c *evalCommand) readChatTemplate(t *template) error {
	if t == nil || !t.chat || c.Model == "" && c.API == "chat" {
		return nil
	}
	if c.Model == "" {
		return errors.New("a server has its chat template itself: ask it with --api chat")
	}
	dir, done, err := modelFolder(c.Model)
	if err != nil {
		return err
	}
	defer done()
	c.chatTemplate, err = chat.Open(dir)
	return err
}

// asChat are messages as a model's own template takes them.
func asChat(messages []openai.Message) []chat.Message {
	out := make([]chat.Message, len(messages))
	for i, m := range messages {
		out[i] = chat.Message{Role: m.Role, Content: m.Content}
	}
	return out
}

// grader is that of --mode, and its name with its version.
func (c *evalCommand) grader() (verify.Math, string, error) {
	grader, err := verify.New(c.Mode)
	return grader, fmt.Sprintf("%s, mode %s", verify.Version, c.Mode), err
}
