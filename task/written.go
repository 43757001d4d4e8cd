package task

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// The forms in which steps of arithmetic can be written.
const (
	Plain = "plain" // 3*7=21;21-5=16
	Words = "words" // 3 times 7 is 21, 21 minus 5 is 16
	Code  = "code"  // a=3*7;b=a-5;b==16: only the last result is stated
)

// Formats lists the forms.
func Formats() []string { return []string{Plain, Words, Code} }

// Formatted is a family whose answers can be written in any of Formats, all of which its
// Verify takes and whose canonical form is the plain one: an answer's format and its
// content are separate things. The prompt does not say which format to use. The weights of
// the options plain, words and code are those that traces are written with.
type Formatted interface {
	Family
	// Format is the format that a text has, whatever it says, or "" if it has none.
	Format(completion string) string
}

// stepped is a family whose answers are so many steps a∘b=c; 0: they are something else.
type stepped interface {
	Family
	steps() int
}

// written lets the answers of a family be written in every format.
type written struct {
	stepped
	weights []int // of Formats
}

// forms takes the weights of formats out of the options; nil if none is there.
func (o options) forms() []int {
	var weights []int
	for i, format := range Formats() {
		if n, given := o[format]; given {
			if weights == nil {
				weights = make([]int, len(Formats()))
			}
			weights[i] = n
			delete(o, format)
		}
	}
	return weights
}

func newWritten(f Family, weights []int) (Family, error) {
	inner, ok := f.(stepped)
	if !ok || inner.steps() == 0 {
		return nil, errors.New("its answers have one form: the options plain, words and code are for chain, countdown and linear")
	}
	total := 0
	for i, w := range weights {
		if w < 0 || w > 1000 {
			return nil, fmt.Errorf("option %s is %d; it must be between 0 and 1000", Formats()[i], w)
		}
		total += w
	}
	if total == 0 {
		return nil, errors.New("the options plain, words and code are all 0: one of them must be more")
	}
	return &written{inner, weights}, nil
}

func (f *written) Name() string {
	var name strings.Builder
	name.WriteString(f.stepped.Name())
	for i, format := range Formats() {
		name.WriteString(fmt.Sprintf(",%s=%d", format, f.weights[i]))
	}
	return name.String()
}

func (f *written) Alphabet() string { return f.stepped.Alphabet() + " ,abcdefgilmnoprstuv" }

// MaxCompletion adds what words need beyond signs; code needs less.
func (f *written) MaxCompletion() int {
	return f.stepped.MaxCompletion() + f.steps()*(len(" minus ")+len(" is ")+len(", ")-len("-=;"))
}

// Trace draws the format, and then what is written in it.
func (f *written) Trace(p negativa.Problem, seed uint64) string {
	total := 0
	for _, w := range f.weights {
		total += w
	}
	drawn := draw.New(seed, "format").IntN(0, total)
	format := 0
	for drawn >= f.weights[format] {
		drawn -= f.weights[format]
		format++
	}
	plain := f.stepped.Trace(p, seed)
	path, bad := parseSteps(plain)
	if bad.Outcome != negativa.Unverified {
		return plain
	}
	return rewrite(path, Formats()[format])
}

// Verify reads the content out of its format.
func (f *written) Verify(p negativa.Problem, completion string) negativa.Verdict {
	if len(completion) > maxTraceBytes {
		return negativa.Verdict{Outcome: negativa.OverBudget, Reason: fmt.Sprintf("the answer has %d bytes, more than %d", len(completion), maxTraceBytes)}
	}
	switch f.Format(completion) {
	case Plain:
		return f.stepped.Verify(p, completion)
	case Words:
		return f.stepped.Verify(p, signs.Replace(completion))
	case Code:
		path, bad := run(completion)
		if bad.Outcome != negativa.Unverified {
			return bad
		}
		return f.stepped.Verify(p, join(path))
	}
	return unparsed("%q has none of the formats %s", shorten(completion), strings.Join(Formats(), ", "))
}

var grammars = map[string]*regexp.Regexp{
	Plain: shaped(`N[-+*/]N=N(?:;N[-+*/]N=N)*`),
	Words: shaped(`N (?:plus|minus|times|over) N is N(?:, N (?:plus|minus|times|over) N is N)*`),
	Code:  shaped(`[a-h]=(?:N|[a-h])[-+*/](?:N|[a-h])(?:;[a-h]=(?:N|[a-h])[-+*/](?:N|[a-h]))*;[a-h]==N`),
}

// Format implements Formatted. No text has two formats.
func (f *written) Format(completion string) string {
	for _, format := range Formats() {
		if grammars[format].MatchString(completion) {
			return format
		}
	}
	return ""
}

var (
	signs = strings.NewReplacer(" plus ", "+", " minus ", "-", " times ", "*", " over ", "/", " is ", "=", ", ", ";")
	words = strings.NewReplacer("+", " plus ", "-", " minus ", "*", " times ", "/", " over ", "=", " is ", ";", ", ")
)

func rewrite(path []step, format string) string {
	switch format {
	case Words:
		return words.Replace(join(path))
	case Code:
		return program(path)
	}
	return join(path)
}

// program names the results a, b, … and writes these names for operands that are the
// result of the step before.
func program(path []step) string {
	var lines []string
	operand := func(n, i int) string {
		if i > 0 && path[i-1].result == n {
			return variable(i - 1)
		}
		return strconv.Itoa(n)
	}
	for i, s := range path {
		left, right := operand(s.a, i), operand(s.b, i)
		if left == right {
			right = strconv.Itoa(s.b)
		}
		lines = append(lines, variable(i)+"="+left+string(s.op)+right)
	}
	last := len(path) - 1
	return fmt.Sprintf("%s;%s==%d", strings.Join(lines, ";"), variable(last), path[last].result)
}

func variable(i int) string { return string('a' + rune(i)) }

// run executes a program of the form Code and gives the steps that it did, of which the
// last has the result that the program states. Its verdict is Unverified where that went
// well.
func run(code string) ([]step, negativa.Verdict) {
	lines := strings.Split(code, ";")
	stated := lines[len(lines)-1]
	var path []step
	value := func(text string) (int, negativa.Verdict) {
		if text[0] < 'a' {
			return parseNumber(text)
		}
		if i := int(text[0] - 'a'); i < len(path) {
			return path[i].result, negativa.Verdict{}
		}
		return 0, wrong("%s is used before it has a value", text)
	}
	for i, line := range lines[:len(lines)-1] {
		name, formula, _ := strings.Cut(line, "=")
		if name != variable(i) {
			return nil, wrong("line %d, %s, names its result %s: the names are a, b, c, … in order", i+1, line, name)
		}
		at := strings.IndexAny(formula, "+-*/")
		a, bad := value(formula[:at])
		b, badB := value(formula[at+1:])
		if bad.Outcome == negativa.Unverified {
			bad = badB
		}
		if bad.Outcome != negativa.Unverified {
			return nil, bad
		}
		result, bad := evaluate(a, formula[at], b)
		if bad.Outcome != negativa.Unverified {
			bad.Reason = fmt.Sprintf("line %d, %s: %s", i+1, line, bad.Reason)
			return nil, bad
		}
		path = append(path, step{a, b, formula[at], result})
	}
	last := len(path) - 1
	if stated[:1] != variable(last) {
		return nil, wrong("it ends with %s, not with its last result, %s", stated, variable(last))
	}
	n, bad := parseNumber(stated[len("a=="):])
	path[last].result = n
	return path, bad
}

// evaluate keeps within the numbers that can be written.
func evaluate(a int, op byte, b int) (int, negativa.Verdict) {
	result := 0
	switch {
	case op == '+':
		result = a + b
	case op == '-':
		result = a - b
	case op == '*':
		result = a * b
	case b == 0 || a%b != 0:
		return 0, wrong("the division leaves a remainder")
	default:
		result = a / b
	}
	if result < 0 || width(result) > maxDigits {
		return 0, wrong("the result is %d: it must have no sign and at most %d digits", result, maxDigits)
	}
	return result, negativa.Verdict{}
}
