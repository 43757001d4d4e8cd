package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/tokenizer/chat"
	"github.com/negativa-lab/negativa/train"
	"github.com/negativa-lab/negativa/verify"
)

// source is where a run's problems come from: a family, or the rows of a file.
type source struct {
	family task.Family   // nil: a file's
	ladder []task.Family // the family at each level of a curriculum; nil: there is none
	set    task.Dataset
	grader verify.Math
}

func newSource(a *app, c train.Config) (s source, err error) {
	if c.Data == "" {
		if s.family, err = task.New(c.Task); err == nil && c.CurriculumRaise > 0 {
			s.ladder, err = task.Ladder(c.Task)
		}
		return s, badInput(err)
	}
	if s.grader, err = verify.New(c.Mode); err != nil {
		return s, badInput(err)
	}
	columns := task.Columns{Question: c.QuestionField, Gold: c.GoldField, Solution: c.SolutionField, ID: c.IDField}
	s.set, err = a.readProblems(columns, c.Data)
	var rows task.RowErrors
	if errors.As(err, &rows) && len(s.set.Items) > 0 {
		a.log.Warn("rows without a problem are left out", "error", err)
		err = nil
	}
	if err == nil {
		a.log.Info("read problems", "file", c.Data, "problems", len(s.set.Items), "detected", s.set.Detected())
	}
	return s, err
}

// maxCompletion is how many tokens an answer may need.
func (s source) maxCompletion() int {
	if s.family == nil {
		return 1024
	}
	longest := s.family.MaxCompletion()
	for _, level := range s.ladder {
		longest = max(longest, level.MaxCompletion())
	}
	return longest
}

// levels are what a run's curriculum leads through.
func (s source) levels() []train.Problems {
	var levels []train.Problems
	for _, f := range s.ladder {
		levels = append(levels, f)
	}
	return levels
}

// problems are what a resolved config trains on with a model. How they are put to it becomes
// part of the config.
func (s source) problems(a *app, c *train.Config, policy *native.Engine, tok *tokenizer.Tokenizer) (train.Problems, error) {
	if s.family != nil {
		for _, f := range append([]task.Family{s.family}, s.ladder...) {
			if err := canAsk(policy, tok, f, c.MaxCompletionLength); err != nil {
				return nil, err
			}
		}
		return s.family, nil
	}
	put, err := newPrompter(c.Model, c.PromptTemplate)
	if err != nil {
		return nil, err
	}
	c.PromptTemplate = put.name
	most := policy.Config().MaxPositions - c.MaxCompletionLength
	if c.MaxPromptLength > 0 {
		most = min(most, c.MaxPromptLength)
	}
	d := &train.Dataset{Verifier: s.grader, Title: c.Data, Batch: c.PromptsPerStep}
	long, ungradable := 0, 0
	for _, row := range s.set.Items {
		p := row.Problem
		if p.Prompt, err = put.prompt(row); err != nil {
			return nil, fmt.Errorf("%s:%d: question %q: %w", row.File, row.Row, row.ID, err)
		}
		tokens, err := tok.EncodePrompt(p.Prompt)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: this model cannot be asked question %q: %w", row.File, row.Row, row.ID, err)
		}
		switch {
		case s.grader.CheckGold(row.Gold) != nil:
			ungradable++
		case len(tokens) > most:
			long++
		default:
			d.Questions = append(d.Questions, p)
		}
	}
	if len(d.Questions) == 0 {
		return nil, fmt.Errorf("%s has no problem to train on: of %d, %d have more than %d tokens and the answers of %d cannot be graded against",
			c.Data, len(s.set.Items), long, most, ungradable)
	}
	a.log.Info("problems", "kept", len(d.Questions), "too_long", long, "gold_unreadable", ungradable, "longest_prompt", most, "prompt_template", put.name)
	return d, nil
}

// prompter puts problems to a local model.
type prompter struct {
	name     string
	template *template      // text with a place for the problem
	chat     *chat.Template // nil: the text is the prompt
}

// newPrompter finds a template by its name: chat, boxed-chat, those of templates, or a text
// with {problem}. With no name it is boxed-chat where the model has a chat template.
func newPrompter(model, name string) (prompter, error) {
	if t, err := newTemplate(name); name != "" && (err != nil || !t.chat) {
		return prompter{name: name, template: &t}, err
	}
	dir, done, err := modelFolder(model)
	if err != nil {
		return prompter{}, err
	}
	defer done()
	boxedUser := templates["boxed"]
	t, err := chat.Open(dir)
	switch {
	case err == nil && name == "chat":
		return prompter{name: name, chat: t}, nil
	case err == nil:
		return prompter{name: "boxed-chat", template: &boxedUser, chat: t}, nil
	case name == "" && errors.Is(err, chat.ErrNone):
		return prompter{name: "boxed", template: &boxedUser}, nil
	}
	return prompter{}, err
}

// prompt is what the model reads. A row that is a chat stays one under the template chat;
// under others its last message is the problem.
func (p prompter) prompt(row task.Item) (string, error) {
	problem := row.Prompt
	if p.template != nil {
		problem = p.template.text(problem)
	}
	if p.chat == nil {
		return problem, nil
	}
	messages := []chat.Message{{Role: "user", Content: problem}}
	if p.template == nil && len(row.Messages) > 0 {
		messages = messages[:0]
		for _, m := range row.Messages {
			messages = append(messages, chat.Message{Role: m.Role, Content: m.Content})
		}
	}
	return p.chat.Messages(messages...)
}

// storedConfig is a run's config.yaml.
func storedConfig(dir *rundir.Dir) (c train.Config, err error) {
	raw, err := dir.Config()
	if err != nil {
		return c, err
	}
	if err := yaml.UnmarshalWithOptions(raw, &c, yaml.Strict()); err != nil {
		return c, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return c, nil
}
