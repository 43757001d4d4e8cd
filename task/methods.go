package task

import (
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// methods: multiply from left to right, saying each time by which method.
//
// The prompt `17x18:` is answered by a letter for the method and the steps it consists of:
//
//	d17*10=170;17*8=136;170+136=306   distribute over tens and units
//	r17*20=340;17*2=34;340-34=306     round up to tens; the units must be 8 or 9
//	f17*2=34;34*9=306                 factor into a digit, the smallest, and a digit
//
// A further factor goes on with the result: `17x18x12:` is answered `d…=306;f306*2=612;…`.
// Not every method suits every number: distributing needs units, and only some numbers
// have factors. So an error is either one of strategy or one of execution. Several answers
// are right, at least two, and all can be listed; each has one spelling. Harder: more
// factors, larger ones.
//
// Which method suits is soon learnt from right traces. With the option unsuited, that many
// of 100 traces round up all that is no multiple of ten, be it suited or not: right sums by
// a wrong method, so that a model has mistakes of strategy to unlearn. Nothing else depends
// on it.
type methods struct {
	*listed
	factors  int
	max      int // the first factor is in 2 … max; the others are in 11 … 99
	unsuited int // of 100 traces
}

func newMethods(o options) (Family, error) {
	f := &methods{factors: 2, max: 99}
	set, err := o.set(option{"factors", &f.factors, 2, 3}, option{"max", &f.max, 9, 999}, option{"unsuited", &f.unsuited, 0, 100})
	if err != nil {
		return nil, err
	}
	longest, a := 0, f.max
	for range f.factors - 1 {
		longest += len("r*100=;*1=;-=;") + 2*width(a) + 2*width(100*a) + 2*width(9*a) + width(99*a)
		a *= 99
	}
	f.listed = &listed{
		name: "methods", options: set, alphabet: "*+-0123456789:;=dfrx", form: "17x18:",
		shape: shaped(`[dfr]N[-+*]N=N(?:;[dfr]?N[-+*]N=N)*`), longest: longest, least: 2, draw: f.draw, read: readMethods,
	}
	return f, splitsHaveProblems(f.candidate)
}

// Trace implements Family, but for what unsuited asks.
func (f *methods) Trace(p negativa.Problem, seed uint64) string {
	given, _ := readMethods(strings.TrimSuffix(p.Prompt, ":")).(factors)
	if given == nil || draw.New(seed, "unsuited").IntN(0, 100) >= f.unsuited {
		return f.listed.Trace(p, seed)
	}
	var lines []string
	product := given[0]
	for _, n := range given[1:] {
		if n%10 > 0 {
			lines = append(lines, roundUp(product, n))
		} else {
			lines = append(lines, multiply(product, n)[0])
		}
		product *= n
	}
	return strings.Join(lines, ";")
}

// Tags implements Tagged: the letter of a method is strategy.
func (f *methods) Tags(completion string) []Tag {
	tags := make([]Tag, len(completion))
	for i := range tags {
		if strings.IndexByte("dfr", completion[i]) >= 0 {
			tags[i] = Strategy
		}
	}
	return tags
}

// Mistake implements Tagged.
func (f *methods) Mistake(p negativa.Problem, completion string) (Tag, bool) {
	answers, err := f.Answers(p)
	if err != nil || f.Verify(p, completion).Outcome != negativa.Wrong {
		return Execution, false
	}
	at, instead := leaves(answers, completion)
	if at < len(completion) {
		return f.Tags(completion)[at], true
	}
	return f.Tags(instead)[at], true
}

type factors []int

func (f *methods) draw(s draw.Source) puzzle {
	drawn := factors{2 + s.IntN(0, f.max-1)}
	for i := range f.factors - 1 {
		drawn = append(drawn, 11+s.IntN(uint64(i+1), 89))
	}
	return drawn
}

func (f factors) prompt() string { return joined(f, "x") }

func (f factors) answers() []string {
	written := []string{""}
	product := f[0]
	for _, n := range f[1:] {
		var longer []string
		for _, before := range written {
			for _, lines := range multiply(product, n) {
				longer = append(longer, before+";"+lines)
			}
		}
		written, product = longer, product*n
	}
	for i, w := range written {
		written[i] = strings.TrimPrefix(w, ";")
	}
	return written
}

// multiply writes a × b by each method that suits b.
func multiply(a, b int) []string {
	var out []string
	tens, units := b/10*10, b%10
	if tens > 0 && units > 0 {
		out = append(out, fmt.Sprintf("d%d*%d=%d;%d*%d=%d;%d+%d=%d", a, tens, a*tens, a, units, a*units, a*tens, a*units, a*b))
	}
	if units >= 8 {
		out = append(out, roundUp(a, b))
	}
	for p := 2; p < 10; p++ {
		if b%p == 0 && b/p < 10 && b/p >= p {
			return append(out, fmt.Sprintf("f%d*%d=%d;%d*%d=%d", a, p, a*p, a*p, b/p, a*b))
		}
	}
	return out
}

// roundUp writes a × b by way of the next multiple of ten above b.
func roundUp(a, b int) string {
	up := b/10*10 + 10
	less := up - b
	return fmt.Sprintf("r%d*%d=%d;%d*%d=%d;%d-%d=%d", a, up, a*up, a, less, a*less, a*up, a*less, a*b)
}

func readMethods(prompt string) puzzle {
	f := factors(integers(prompt))
	if len(f) < 2 || len(f) > 3 {
		return nil
	}
	for i, n := range f {
		if n < 2 || n > 999 || i > 0 && (n < 11 || n > 99) {
			return nil
		}
	}
	return f
}
