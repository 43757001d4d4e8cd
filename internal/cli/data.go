package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/verify"
)

type dataCommand struct {
	Check dataCheckCommand `cmd:"" help:"Grade every gold answer against itself and against its own solution."`
	Tasks dataTasksCommand `cmd:"" help:"List the families of problems that can be made, with examples."`
}

type dataCheckCommand struct {
	Files []string `arg:"" name:"file" help:"Parquet, JSON Lines or JSON array, - for standard input, or hub:ORG/NAME[/CONFIG][@REVISION][:FILE or SPLIT]."`
	columnFlags
	Mode string `name:"mode" default:"math" help:"Mode of the verifier: ${modes}."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is what `negativa data check --help` says beside the flags.
func (c *dataCheckCommand) Help() string {
	return `The forms of verl, TRL, open-instruct and of MATH, GSM8K, AIME and AMC on the Hub are
detected, and what was detected is printed; flags name other columns, - leaves one out.
The gold answer is the final answer of the solution (its last \boxed{}, or what follows
####) where there is one. Every gold must parse, be right against itself, and be what
the verifier finds in the solution; a row that fails is printed as file:row: reason, and
the exit code is 1. A gold column that says something else than the solution is printed
too, and does not fail.

hub:… downloads into the Hub's cache (HF_HOME, HF_HUB_CACHE); an interrupted download
goes on where it was. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are obeyed.

Examples:  negativa data check math-train.parquet
           negativa data check problems.jsonl --question-field text --gold-field result
           negativa data check hub:openai/gsm8k/main:test`
}

func (c *dataCheckCommand) Run(a *app) error {
	grader, err := verify.New(c.Mode)
	if err != nil {
		return badInput(err)
	}
	set, err := a.readProblems(c.columns(), c.Files...)
	rows, isRows := errors.AsType[task.RowErrors](err)
	if err != nil && !isRows {
		return err
	}
	p := a.start("check", len(set.Items))
	result, err := checkData(a.ctx, grader, set, rows, p.add)
	p.stop()
	if err != nil {
		return err
	}
	show := result.print
	if c.JSON {
		show = func(w io.Writer) error { return printJSON(w, result) }
	}
	if err := show(a.stdout); err != nil {
		return err
	}
	if bad := len(result.Failures); bad > 0 {
		return fmt.Errorf("%d of %d rows fail: mend or remove them before they train or judge a model", bad, result.Rows)
	}
	return nil
}

// dataCheck is what `data check` finds.
type dataCheck struct {
	Files        []string     `json:"files"`
	Detected     string       `json:"detected"`
	Form         string       `json:"form"`
	Columns      task.Columns `json:"columns"`
	Rows         int          `json:"rows"`
	FromSolution int          `json:"gold_from_solution"` // golds that are their solution's final answer
	Failures     []finding    `json:"failures"`
	Disagreeing  []finding    `json:"disagreements"` // of the gold column and the solution
	Repeated     []finding    `json:"repeated"`      // questions
}

// finding is a row of which there is something to say.
type finding struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	ID     string `json:"question_id,omitempty"`
	Gold   string `json:"gold_answer,omitempty"`
	Reason string `json:"reason"`
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Row, f.Reason) }

func checkData(ctx context.Context, grader verify.Math, set task.Dataset, rows task.RowErrors, done func(int, string)) (dataCheck, error) {
	r := dataCheck{
		Files: set.Files, Detected: set.Detected(), Form: set.Form, Columns: set.Columns, Rows: len(set.Items) + len(rows),
		Failures: []finding{}, Disagreeing: []finding{}, Repeated: []finding{},
	}
	for _, bad := range rows {
		r.Failures = append(r.Failures, finding{File: bad.File, Row: bad.Row, Reason: fmt.Sprintf("column %s: %s", bad.Column, bad.Reason)})
	}
	asked := map[string]int{}
	for i, item := range set.Items {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		say := func(to *[]finding, reason string) {
			if reason != "" {
				*to = append(*to, finding{item.File, item.Row, item.ID, item.Gold, reason})
			}
		}
		say(&r.Failures, goldFault(grader, item))
		say(&r.Disagreeing, disagreement(grader, item, set.Columns))
		if first, again := asked[item.Prompt]; again {
			say(&r.Repeated, fmt.Sprintf("asks what %s:%d asks", set.Items[first].File, set.Items[first].Row))
		} else {
			asked[item.Prompt] = i
		}
		if item.FromSolution {
			r.FromSolution++
		}
		done(1, "")
	}
	return r, nil
}

// goldFault tells why an item's gold does not hold; empty if it does.
func goldFault(grader verify.Math, item task.Item) string {
	if err := grader.CheckGold(item.Gold); err != nil {
		return fmt.Sprintf("the gold %s cannot be read: %v", quote(item.Gold), err)
	}
	if g := grader.Grade(item.Gold, box(item.Gold)); g.Outcome != negativa.Correct {
		return fmt.Sprintf("the gold %s is not right against itself: %s", quote(item.Gold), because(g))
	}
	if !item.FromSolution {
		return ""
	}
	if g := grader.Grade(item.Gold, item.Solution); g.Outcome != negativa.Correct {
		return fmt.Sprintf("the gold %s is not what the verifier finds in its solution, %s: %s", quote(item.Gold), quote(g.Extracted), because(g))
	}
	return ""
}

// disagreement tells what the gold column and the solution's final answer, the one that
// is not the gold, says else than the gold; empty if they agree or there is no second.
func disagreement(grader verify.Math, item task.Item, columns task.Columns) string {
	column, other := columns.Gold, item.Stated
	if !item.FromSolution {
		column = columns.Solution
		other, _ = task.FinalAnswer(item.Solution)
	}
	if other == "" || columns.Gold == columns.Solution {
		return ""
	}
	if g := grader.Grade(item.Gold, box(other)); g.Outcome != negativa.Correct {
		return fmt.Sprintf("%s says %s, the gold is %s: %s", column, quote(other), quote(item.Gold), because(g))
	}
	return ""
}

func box(answer string) string { return `\boxed{` + answer + `}` }

// quote shows LaTeX on one line with its backslashes as they are.
func quote(text string) string { return "`" + strings.Join(strings.Fields(text), " ") + "`" }

func because(g verify.Grade) string {
	if g.Reason == "" {
		return g.Outcome.String()
	}
	return g.Outcome.String() + ", " + g.Reason
}

func (r dataCheck) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", strings.Join(r.Files, ", "), r.Detected)
	for _, part := range []struct {
		title string
		rows  []finding
	}{
		{"fail", r.Failures}, {"have a gold column that disagrees with the solution", r.Disagreeing}, {"repeat a question", r.Repeated},
	} {
		fmt.Fprintf(&b, "%d of %d rows %s\n", len(part.rows), r.Rows, part.title)
		for _, row := range part.rows {
			fmt.Fprintf(&b, "  %s\n", row)
		}
	}
	fmt.Fprintf(&b, "%d of %d gold answers hold; %d are their solution's final answer\n", r.Rows-len(r.Failures), r.Rows, r.FromSolution)
	_, err := io.WriteString(w, b.String())
	return err
}
