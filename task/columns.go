package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// Columns names the columns that hold the parts of a problem; empty ones are detected,
// NoColumn is none. A dot leads into a nested value: reward_model.ground_truth.
type Columns struct {
	Question string `json:"question,omitempty"` // text, or a chat as a list of {role, content}
	Gold     string `json:"gold,omitempty"`
	Solution string `json:"solution,omitempty"`
	ID       string `json:"id,omitempty"` // unique values; empty: a hash of the question
	Subject  string `json:"subject,omitempty"`
	Level    string `json:"level,omitempty"`
	Source   string `json:"source,omitempty"`

	named bool // the gold column was asked for: no solution overrules it
}

// NoColumn stands for a part that is to be left out even where it would be detected.
const NoColumn = "-"

// form is a convention of column names; the first of several is preferred.
type form struct {
	name     string
	shows    []string // all of them must be there
	mark     string   // what the solution must hold
	question []string
	gold     []string
	solution []string
}

var answers = []string{"answer", "final_answer", "expected_answer", "ground_truth", "target", "gold", "gold_answer"}

// forms are tried in order.
var forms = []form{
	{
		name: "verl", shows: []string{"reward_model.ground_truth"}, question: []string{"prompt"},
		gold:     []string{"reward_model.ground_truth.target", "reward_model.ground_truth"},
		solution: []string{"reward_model.ground_truth.solution"},
	},
	{name: "open-instruct", shows: []string{"messages", "ground_truth"}, question: []string{"messages"}, gold: []string{"ground_truth"}},
	{
		name: "TRL", shows: []string{"prompt"}, question: []string{"prompt"},
		gold: append(slices.Clone(answers), "solution"), solution: []string{"solution"},
	},
	{name: "MATH", shows: []string{"problem", "solution"}, question: []string{"problem"}, gold: answers, solution: []string{"solution"}},
	{name: "GSM8K", shows: []string{"question", "answer"}, mark: "####", question: []string{"question"}, solution: []string{"answer"}},
	{name: "question and answer", shows: []string{"question"}, question: []string{"question"}, gold: answers, solution: []string{"solution"}},
	{name: "problem and answer", shows: []string{"problem"}, question: []string{"problem"}, gold: answers},
}

// formsInWords is what the forms need, for people.
const formsInWords = `prompt with reward_model.ground_truth (verl); messages with ground_truth (open-instruct); prompt with answer or solution (TRL); ` +
	`problem with solution (MATH); question with answer (GSM8K, AMC); problem with answer (AIME)`

// detect finds the columns of a record's form, except those that are named.
func detect(r record, named Columns) (string, Columns, error) {
	have := r.paths()
	c := Columns{named: named.Gold != "" && named.Gold != NoColumn}
	name := "named columns"
	if f, ok := match(r, have); ok {
		name = f.name
		c.Question, c.Gold, c.Solution = first(have, f.question), first(have, f.gold), first(have, f.solution)
	} else if named.Question == "" || named.Gold == "" && named.Solution == "" {
		return "", c, fmt.Errorf("the form is not known: name the columns of the question and of the gold answer (--question-field, --gold-field). "+
			"The columns are %s. Known are %s", strings.Join(have, ", "), formsInWords)
	}
	c.Subject = first(have, []string{"subject", "type", "problem_type"})
	c.Level = first(have, []string{"level", "difficulty"})
	c.Source = first(have, []string{"data_source", "dataset", "metadata.source_dataset", "source"})
	c.ID = first(have, []string{"question_id", "unique_id", "problem_id"})
	if err := c.overrule(named, have); err != nil {
		return "", c, err
	}
	if c.Question == "" || c.Gold == "" && c.Solution == "" {
		return "", c, fmt.Errorf("a column of the question and one of the gold answer or the solution are needed (--question-field, --gold-field, --solution-field). "+
			"The columns are %s", strings.Join(have, ", "))
	}
	return name, c, nil
}

// overrule puts named columns, which must be there, in the place of detected ones.
func (c *Columns) overrule(named Columns, have []string) error {
	for _, p := range []struct {
		flag, asked string
		into        *string
	}{
		{"--question-field", named.Question, &c.Question},
		{"--gold-field", named.Gold, &c.Gold},
		{"--solution-field", named.Solution, &c.Solution},
		{"--id-field", named.ID, &c.ID},
		{"--subject-field", named.Subject, &c.Subject},
		{"--level-field", named.Level, &c.Level},
		{"--source-field", named.Source, &c.Source},
	} {
		switch found := first(have, []string{p.asked}); {
		case p.asked == "":
		case p.asked == NoColumn:
			*p.into = ""
		case found == "":
			return fmt.Errorf("%s %s: there is no such column: did you mean %q? The columns are %s",
				p.flag, p.asked, nearest.To(p.asked, have), strings.Join(have, ", "))
		default:
			*p.into = found
		}
	}
	return nil
}

func match(r record, have []string) (form, bool) {
	for _, f := range forms {
		missing := func(path string) bool { return first(have, []string{path}) == "" }
		if slices.ContainsFunc(f.shows, missing) || first(have, f.question) == "" || first(have, slices.Concat(f.gold, f.solution)) == "" {
			continue
		}
		if f.mark != "" {
			if text, _ := r.text(first(have, f.solution)); !strings.Contains(text, f.mark) {
				continue
			}
		}
		return f, true
	}
	return form{}, false
}

// first is the first wanted path there is, as it is written there: Answer for answer.
func first(have, wanted []string) string {
	for _, path := range wanted {
		if slices.Contains(have, path) {
			return path
		}
		if i := slices.IndexFunc(have, func(h string) bool { return strings.EqualFold(h, path) }); i >= 0 {
			return have[i]
		}
	}
	return ""
}

// record is a row: values as encoding/json or the parquet reader gives them.
type record map[string]any

// paths lists the columns, nested ones behind the one that holds them.
func (r record) paths() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		out = append(out, name)
		inner, _ := r[name].(map[string]any)
		for _, below := range record(inner).paths() {
			out = append(out, name+"."+below)
		}
	}
	return out
}

// at is the value at a path; nil if there is none.
func (r record) at(path string) any {
	if v, ok := r[path]; ok {
		return v
	}
	head, rest, nested := strings.Cut(path, ".")
	inner, ok := r[head].(map[string]any)
	if !nested || !ok {
		return nil
	}
	return record(inner).at(rest)
}
