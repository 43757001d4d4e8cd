package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/negativa-lab/negativa/task"
)

type dataTasksCommand struct {
	Tasks    []string `arg:"" optional:"" name:"task" help:"Tasks as --task takes them, to show in full (all, in a table)."`
	Examples int      `name:"examples" default:"3" help:"Problems to show of each task that is named."`
	Seed     uint64   `name:"seed" default:"1" help:"Seed of the problems; they are of the training split."`
	JSON     bool     `name:"json" help:"Print JSON."`
}

// Help is what `negativa data tasks --help` says beside the flags.
func (c *dataTasksCommand) Help() string {
	return `A task is a family of problems with options behind a colon: chain:terms=3,max=20. Every
family has levels of difficulty (chain:level=2), which its own options override.

chain, countdown and linear can be written in three formats, which the prompt does not
choose between: plain=2,words=1,code=1 are the weights of the solutions to learn from.
In methods each token is one of strategy or of execution; unsuited=30 has 30 of 100
solutions to learn from choose a method that does not suit, for training to unlearn.

A mixture draws from several tasks with weights: countdown@3+chain:level=1+gcd.

The base model knows the characters of countdown and paths. For others make a model that
knows theirs: negativa pretrain --task TASK.

Examples:  negativa data tasks
           negativa data tasks chain:words=1,code=1 coins:level=4`
}

func (c *dataTasksCommand) Run(a *app) error {
	if c.Examples < 1 || c.Examples > 1000 {
		return badInput(fmt.Errorf("examples is %d; it must be between 1 and 1000", c.Examples))
	}
	specs, show := c.Tasks, describeTasks
	if len(specs) == 0 {
		specs, c.Examples, show = task.Names(), 1, tabulateTasks
	}
	tasks := make([]taskJSON, len(specs))
	for i, spec := range specs {
		var err error
		if tasks[i], err = c.describe(spec); err != nil {
			return badInput(err)
		}
	}
	if c.JSON {
		return printJSON(a.stdout, tasks)
	}
	return show(a.stdout, tasks)
}

// taskJSON is a task as `data tasks` shows it.
type taskJSON struct {
	Task          string        `json:"task"` // as it was named
	Name          string        `json:"name"` // with all its options
	About         string        `json:"about,omitempty"`
	Levels        int           `json:"levels,omitempty"`
	Alphabet      string        `json:"alphabet"`
	MaxCompletion int           `json:"max_completion_length"`
	Tagged        bool          `json:"tagged"` // tokens are strategy or execution
	Examples      []exampleJSON `json:"examples"`
}

type exampleJSON struct {
	Prompt   string `json:"prompt"`
	Solution string `json:"solution"`
	Format   string `json:"format,omitempty"`
	Answers  int    `json:"answers"` // how many are right
}

func (c *dataTasksCommand) describe(spec string) (taskJSON, error) {
	family, err := task.New(spec)
	if err != nil {
		return taskJSON{}, err
	}
	problems, err := task.Problems(family, task.Train, c.Seed, c.Examples)
	if err != nil {
		return taskJSON{}, err
	}
	word, _, _ := strings.Cut(spec, ":")
	t := taskJSON{
		Task: spec, Name: family.Name(), About: task.About(word), Levels: task.Levels(word),
		Alphabet: family.Alphabet(), MaxCompletion: family.MaxCompletion(), Tagged: task.All[task.Tagged](family),
	}
	for i, p := range problems {
		answers, err := family.Answers(p)
		if err != nil {
			return t, err
		}
		example := exampleJSON{Prompt: p.Prompt, Solution: family.Trace(p, uint64(i)), Answers: len(answers)}
		if formatted, ok := task.As[task.Formatted](family, p); ok {
			example.Format = formatted.Format(example.Solution)
		}
		t.Examples = append(t.Examples, example)
	}
	return t, nil
}

func tabulateTasks(w io.Writer, tasks []taskJSON) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "task\tlevels\tan example and a solution\twhat it asks")
	for _, t := range tasks {
		fmt.Fprintf(table, "%s\t%d\t%s %s\t%s\n", t.Task, t.Levels, t.Examples[0].Prompt, t.Examples[0].Solution, t.About)
	}
	return table.Flush()
}

func describeTasks(w io.Writer, tasks []taskJSON) error {
	var b strings.Builder
	for _, t := range tasks {
		fmt.Fprintf(&b, "%s\n", t.Name)
		if t.About != "" {
			fmt.Fprintf(&b, "  %s; %d levels\n", t.About, t.Levels)
		}
		fmt.Fprintf(&b, "  characters %q, at most %d to an answer\n", t.Alphabet, t.MaxCompletion)
		for _, e := range t.Examples {
			fmt.Fprintf(&b, "  %s %s (%s)\n", e.Prompt, e.Solution, e.remark())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e exampleJSON) remark() string {
	right := fmt.Sprintf("one of %d right answers", e.Answers)
	if e.Answers == 1 {
		right = "the right answer"
	}
	if e.Format != "" {
		return e.Format + ", " + right
	}
	return right
}
