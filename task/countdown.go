package task

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// countdown: reach a target with + − × ÷, using every number once, step by step.
//
// The prompt `7,3,5=16:` is answered `3*7=21;21-5=16`. Every intermediate result is a
// positive integer, as in the television game; a division leaves no remainder.
//
// Two answers are the same if they differ only in the order of the operands of + and
// of ×: the canonical form writes the smaller one first. The order of steps counts.
// Harder: more numbers, larger ones.
type countdown struct {
	numbers int // how many numbers
	max     int // each is in 1 … max
	target  int // the target is in 1 … target
	answers int // the least number of correct answers: diversity needs a choice
}

func newCountdown(o options) (Family, error) {
	c := &countdown{numbers: 3, max: 24, target: 99, answers: 2}
	err := o.apply(
		option{"numbers", &c.numbers, 2, 5},
		option{"max", &c.max, 2, 99},
		option{"target", &c.target, 1, 999},
		option{"answers", &c.answers, 1, 9},
	)
	if err != nil {
		return nil, err
	}
	return c, splitsHaveProblems(c.candidate)
}

func (c *countdown) Name() string {
	return fmt.Sprintf("countdown:numbers=%d,max=%d,target=%d,answers=%d", c.numbers, c.max, c.target, c.answers)
}

func (c *countdown) Alphabet() string { return "*+,-/0123456789:;=" }

// MaxCompletion counts each step `a*b=c;`: no intermediate result exceeds the product
// of all numbers.
func (c *countdown) MaxCompletion() int {
	product := 1
	for range c.numbers {
		product *= c.max
	}
	return (c.numbers-1)*(3*len(strconv.Itoa(product))+3) + 1
}

func (c *countdown) steps() int { return c.numbers - 1 }

func (c *countdown) Problem(split Split, seed, index uint64) negativa.Problem {
	return find("countdown", split, seed, index, c.candidate)
}

// candidate draws numbers and a target that they can reach.
func (c *countdown) candidate(s draw.Source) (string, func() (negativa.Problem, bool)) {
	numbers := make([]int, c.numbers)
	for i := range numbers {
		numbers[i] = 1 + s.IntN(uint64(i), c.max)
	}
	slices.Sort(numbers)
	targets := c.reachable(numbers)
	if len(targets) == 0 {
		return "", func() (negativa.Problem, bool) { return negativa.Problem{}, false }
	}
	target := targets[s.IntN(uint64(c.numbers), len(targets))]
	key := countdownKey(numbers, target)
	return key, func() (negativa.Problem, bool) { return c.problem(key, numbers, target) }
}

// problem writes the question, if it has enough answers; the order of its numbers is
// drawn from its key.
func (c *countdown) problem(key string, numbers []int, target int) (negativa.Problem, bool) {
	answers := solutions(numbers, target)
	if len(answers) < c.answers {
		return negativa.Problem{}, false
	}
	shuffled := make([]string, len(numbers))
	for i, j := range draw.New(0, "order").Named(key).Perm(len(numbers)) {
		shuffled[i] = strconv.Itoa(numbers[j])
	}
	return negativa.Problem{
		ID: "countdown/" + key, Task: "countdown", Gold: answers[0],
		Prompt: strings.Join(shuffled, ",") + "=" + strconv.Itoa(target) + ":",
	}, true
}

func countdownKey(sorted []int, target int) string {
	parts := make([]string, len(sorted))
	for i, n := range sorted {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "-") + "=" + strconv.Itoa(target)
}

// reachable lists the targets in range, sorted.
func (c *countdown) reachable(numbers []int) []int {
	found := map[int]bool{}
	walk(numbers, nil, func(result int, _ []step) {
		if result <= c.target {
			found[result] = true
		}
	})
	return slices.Sorted(maps.Keys(found))
}

// step is one line of an answer.
type step struct {
	a, b   int
	op     byte
	result int
}

func (s step) String() string {
	return strconv.Itoa(s.a) + string(s.op) + strconv.Itoa(s.b) + "=" + strconv.Itoa(s.result)
}

func (s step) commutes() bool { return s.op == '+' || s.op == '*' }

// canonical writes the smaller operand of a commutative step first.
func (s step) canonical() step {
	if s.commutes() && s.a > s.b {
		s.a, s.b = s.b, s.a
	}
	return s
}

// walk visits every way of reducing the numbers to one, in canonical steps.
func walk(numbers []int, path []step, visit func(result int, path []step)) {
	if len(numbers) == 1 {
		visit(numbers[0], path)
		return
	}
	for i := range numbers {
		for j := i + 1; j < len(numbers); j++ {
			rest := make([]int, 0, len(numbers)-1)
			for k, n := range numbers {
				if k != i && k != j {
					rest = append(rest, n)
				}
			}
			low, high := min(numbers[i], numbers[j]), max(numbers[i], numbers[j])
			for _, s := range []step{{low, high, '+', low + high}, {low, high, '*', low * high}, {high, low, '-', high - low}, {high, low, '/', high / low}} {
				if s.result > 0 && (s.op != '/' || high%low == 0) {
					walk(append(rest[:len(rest):len(rest)], s.result), append(path[:len(path):len(path)], s), visit)
				}
			}
		}
	}
}

// solutions lists all canonical answers, sorted, without repetition.
func solutions(numbers []int, target int) []string {
	var out []string
	walk(numbers, nil, func(result int, path []step) {
		if result == target {
			out = append(out, join(path))
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

func join(path []step) string {
	lines := make([]string, len(path))
	for i, s := range path {
		lines[i] = s.String()
	}
	return strings.Join(lines, ";")
}

func (c *countdown) Answers(p negativa.Problem) ([]string, error) {
	numbers, target, err := parseCountdown(p.Prompt)
	if err != nil {
		return nil, fmt.Errorf("problem %s: %w", p.ID, err)
	}
	return solutions(numbers, target), nil
}

// Trace draws one answer, then the order of each commutative step's operands.
func (c *countdown) Trace(p negativa.Problem, seed uint64) string {
	answers, err := c.Answers(p)
	if err != nil || len(answers) == 0 {
		return ""
	}
	s := draw.New(seed, "trace")
	path, _ := parseSteps(answers[s.IntN(0, len(answers))])
	for i := range path {
		if path[i].commutes() && s.IntN(uint64(i+1), 2) == 1 {
			path[i].a, path[i].b = path[i].b, path[i].a
		}
	}
	return join(path)
}

// Bounds on what Verify reads: nothing longer can be an answer to any problem here.
const (
	maxAnswerBytes = 256
	maxDigits      = 9
)

func (c *countdown) Verify(p negativa.Problem, completion string) negativa.Verdict {
	pool, target, err := parseCountdown(p.Prompt)
	if err != nil {
		return negativa.Verdict{Outcome: negativa.UnparsedGold, Reason: err.Error()}
	}
	if len(completion) > maxAnswerBytes {
		return negativa.Verdict{Outcome: negativa.OverBudget, Reason: fmt.Sprintf("the answer has %d bytes, more than %d", len(completion), maxAnswerBytes)}
	}
	path, bad := parseSteps(completion)
	if bad.Outcome != negativa.Unverified {
		return bad
	}
	verdict := check(path, pool, target)
	verdict.Answer = canonical(path)
	return verdict
}

// check follows the steps to the target.
func check(path []step, pool []int, target int) negativa.Verdict {
	for i, s := range path {
		var bad negativa.Verdict
		if pool, bad = s.take(pool); bad.Outcome != negativa.Unverified {
			bad.Reason = fmt.Sprintf("step %d, %s: %s", i+1, s, bad.Reason)
			return bad
		}
	}
	switch {
	case len(pool) > 1:
		return wrong("%d numbers are left, %v: every number must be used", len(pool), pool)
	case pool[0] != target:
		return wrong("the last result is %d, the target %d", pool[0], target)
	}
	return negativa.Verdict{Outcome: negativa.Correct}
}

// canonical writes the answer, right or wrong, with the operands of each step in order.
func canonical(path []step) string {
	ordered := make([]step, len(path))
	for i, s := range path {
		ordered[i] = s.canonical()
	}
	return join(ordered)
}

// take removes the step's operands from the pool and adds its result.
func (s step) take(pool []int) ([]int, negativa.Verdict) {
	for _, n := range []int{s.a, s.b} {
		i := slices.Index(pool, n)
		if i < 0 {
			return pool, wrong("%d is not among the numbers that are left, %v", n, pool)
		}
		pool = slices.Delete(slices.Clone(pool), i, i+1)
	}
	var result int
	switch s.op {
	case '+':
		result = s.a + s.b
	case '-':
		result = s.a - s.b
	case '*':
		result = s.a * s.b
	case '/':
		if s.b == 0 || s.a%s.b != 0 {
			return pool, wrong("the division leaves a remainder")
		}
		result = s.a / s.b
	}
	switch {
	case result != s.result:
		return pool, wrong("the result is %d", result)
	case result <= 0:
		return pool, wrong("intermediate results must be positive")
	}
	return append(pool, result), negativa.Verdict{}
}

// parseSteps reads `a*b=c;…`. Its verdict is Unverified where the text could be read.
func parseSteps(text string) ([]step, negativa.Verdict) {
	var path []step
	for line := range strings.SplitSeq(text, ";") {
		left, right, found := strings.Cut(line, "=")
		at := strings.IndexAny(left, "+-*/")
		if !found || at < 0 {
			return nil, unparsed("%q is not a step of the form a*b=c", line)
		}
		s := step{op: left[at]}
		for _, part := range []struct {
			text string
			into *int
		}{{left[:at], &s.a}, {left[at+1:], &s.b}, {right, &s.result}} {
			n, bad := parseNumber(part.text)
			if bad.Outcome != negativa.Unverified {
				return nil, bad
			}
			*part.into = n
		}
		path = append(path, s)
	}
	return path, negativa.Verdict{}
}

func parseNumber(text string) (int, negativa.Verdict) {
	if strings.Trim(text, "0123456789") != "" || text == "" || text[0] == '0' && len(text) > 1 {
		return 0, unparsed("%q is not a number", text)
	}
	if len(text) > maxDigits {
		return 0, negativa.Verdict{Outcome: negativa.OverBudget, Reason: fmt.Sprintf("a number has %d digits, more than %d", len(text), maxDigits)}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, unparsed("%q is not a number", text)
	}
	return n, negativa.Verdict{}
}

// parseCountdown reads a prompt.
func parseCountdown(prompt string) (numbers []int, target int, err error) {
	left, right, found := strings.Cut(strings.TrimSuffix(prompt, ":"), "=")
	if !found {
		return nil, 0, fmt.Errorf("%q is not a countdown problem: its form is %q", prompt, "7,3,5=16:")
	}
	for text := range strings.SplitSeq(left+","+right, ",") {
		n, bad := parseNumber(text)
		if bad.Outcome != negativa.Unverified || n < 1 || n > 999 || len(numbers) > 5 {
			return nil, 0, fmt.Errorf("%q is not a countdown problem of the form 7,3,5=16: of 2 to 5 numbers below 1000", prompt)
		}
		numbers = append(numbers, n)
	}
	last := len(numbers) - 1
	if last < 2 {
		return nil, 0, fmt.Errorf("%q has too few numbers for a countdown problem", prompt)
	}
	return numbers[:last], numbers[last], nil
}
