package task

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// puzzle is one problem of a listed family.
type puzzle interface {
	// prompt states all of it, without the colon at the end. Puzzles that ask the same
	// in another order have the same prompt.
	prompt() string
	// answers lists all right answers in canonical form.
	answers() []string
}

// listed is a family whose right answers can be listed for every problem: what a file of
// such a family need not say again. Its options do not matter to Verify and Answers, which
// go by the prompt alone.
type listed struct {
	name      string              // of the family
	options   string              // as New reads them
	alphabet  string              // of prompts and answers
	form      string              // an example of a prompt
	shape     *regexp.Regexp      // that an answer has, right or wrong
	canonical func(string) string // of a text of that shape; nil: it has one spelling
	longest   int                 // characters that a right answer has at most
	least     int                 // right answers that a problem has at least
	draw      func(draw.Source) puzzle
	read      func(prompt string) puzzle // undoes prompt; what cannot be is nil, or another's prompt
	lines     int                        // a∘b=c that an answer consists of; 0: it does not
}

// list checks that the family has problems in every split.
func list(f *listed) (Family, error) { return f, splitsHaveProblems(f.candidate) }

func (f *listed) Name() string { return f.name + ":" + f.options }

func (f *listed) Alphabet() string { return f.alphabet }

func (f *listed) MaxCompletion() int { return f.longest + 1 }

func (f *listed) Problem(split Split, seed, index uint64) negativa.Problem {
	return find(f.name, split, seed, index, f.candidate)
}

// candidate draws a puzzle; its prompt is its key.
func (f *listed) candidate(s draw.Source) (string, func() (negativa.Problem, bool)) {
	drawn := f.draw(s)
	if drawn == nil {
		return "", func() (negativa.Problem, bool) { return negativa.Problem{}, false }
	}
	key := drawn.prompt()
	return key, func() (negativa.Problem, bool) {
		answers := drawn.answers()
		if len(answers) < max(1, f.least) {
			return negativa.Problem{}, false
		}
		return negativa.Problem{ID: f.name + "/" + key, Task: f.name, Prompt: key + ":", Gold: slices.Min(answers)}, true
	}
}

func (f *listed) steps() int { return f.lines }

// maxPromptBytes bounds what is read: no prompt here is longer.
const maxPromptBytes = 256

// list gives the answers of a prompt, at least one, sorted.
func (f *listed) list(prompt string) ([]string, error) {
	text, ends := strings.CutSuffix(prompt, ":")
	if !ends || len(text) > maxPromptBytes {
		return nil, f.strange(prompt)
	}
	p := f.read(text)
	if p == nil || p.prompt() != text {
		return nil, f.strange(prompt)
	}
	answers := p.answers()
	if len(answers) == 0 {
		return nil, fmt.Errorf("%q has no right answer in the task %s", prompt, f.name)
	}
	slices.Sort(answers)
	return slices.Compact(answers), nil
}

func (f *listed) strange(prompt string) error {
	return fmt.Errorf("%q is not a problem of the task %s: its form is %q", shorten(prompt), f.name, f.form)
}

func (f *listed) Answers(p negativa.Problem) ([]string, error) {
	answers, err := f.list(p.Prompt)
	if err != nil {
		return nil, fmt.Errorf("problem %s: %w", p.ID, err)
	}
	return answers, nil
}

func (f *listed) Trace(p negativa.Problem, seed uint64) string {
	answers, err := f.list(p.Prompt)
	if err != nil {
		return ""
	}
	return answers[draw.New(seed, "trace").IntN(0, len(answers))]
}

// maxTraceBytes bounds what Verify reads: no right answer of a listed family is longer.
const maxTraceBytes = 1024

func (f *listed) Verify(p negativa.Problem, completion string) negativa.Verdict {
	answers, err := f.list(p.Prompt)
	if err != nil {
		return negativa.Verdict{Outcome: negativa.UnparsedGold, Reason: err.Error()}
	}
	if len(completion) > maxTraceBytes {
		return negativa.Verdict{Outcome: negativa.OverBudget, Reason: fmt.Sprintf("the answer has %d bytes, more than %d", len(completion), maxTraceBytes)}
	}
	if !f.shape.MatchString(completion) {
		return unparsed("%q has not the form of an answer, as %q has", shorten(completion), p.Gold)
	}
	answer := completion
	if f.canonical != nil {
		answer = f.canonical(completion)
	}
	verdict := negativa.Verdict{Outcome: negativa.Correct}
	if _, found := slices.BinarySearch(answers, answer); !found {
		verdict = deviation(answers, answer)
	}
	verdict.Answer = answer
	return verdict
}

// deviation says where a wrong answer leaves the right ones.
func deviation(answers []string, answer string) negativa.Verdict {
	at, instead := leaves(answers, answer)
	switch {
	case at == len(answer):
		return wrong("it ends where %q follows", shorten(instead[at:]))
	case at == len(instead):
		return wrong("it goes on with %q where it is complete", shorten(answer[at:]))
	}
	return wrong("it is right up to %q, then says %q where an answer says %q",
		answer[:at], shorten(answer[at:]), shorten(instead[at:]))
}

// leaves is the length of the longest beginning that a text has in common with an answer,
// and the first answer that has it.
func leaves(answers []string, text string) (at int, answer string) {
	at = -1
	for _, a := range answers {
		n := 0
		for n < min(len(a), len(text)) && a[n] == text[n] {
			n++
		}
		if n > at {
			at, answer = n, a
		}
	}
	return at, answer
}

// shorten keeps reasons readable.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

// digits are the ten.
const digits = "0123456789"

// natural matches a number as it is written here: without a sign and leading zeros.
const natural = `(?:0|[1-9]\d{0,8})`

// shaped compiles the form of a whole text; N stands for a number.
func shaped(form string) *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.ReplaceAll(form, "N", natural) + `)$`)
}

// integers reads the runs of digits in a text; one that is too long for a number here
// makes it nil.
func integers(text string) []int {
	var out []int
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		n, bad := parseNumber(run)
		if bad.Outcome != negativa.Unverified {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// joined writes numbers with a separator.
func joined(numbers []int, separator string) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, separator)
}

// width is how many digits a number has.
func width(n int) int { return len(strconv.Itoa(n)) }

// distinct draws n different numbers of low … top, sorted; top − low + 1 ≥ n.
func distinct(s draw.Source, n, low, top int) []int {
	chosen := s.Perm(top - low + 1)[:n]
	for i := range chosen {
		chosen[i] += low
	}
	slices.Sort(chosen)
	return chosen
}

// ascending tells whether each number is larger than the one before.
func ascending(numbers []int) bool {
	for i := 1; i < len(numbers); i++ {
		if numbers[i] <= numbers[i-1] {
			return false
		}
	}
	return true
}

// inOrder writes the terms of a sum in ascending order: a canonical form.
func inOrder(sum string) string {
	terms := integers(sum)
	slices.Sort(terms)
	return joined(terms, "+")
}
