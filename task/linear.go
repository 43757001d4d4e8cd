package task

import (
	"fmt"

	"github.com/negativa-lab/negativa/internal/draw"
)

// linear: solve an equation with one unknown, a, in two steps.
//
// The prompt `3*a+4=19:` is answered `19-4=15;15/3=5`, and `3*a-4=11:` is answered
// `11+4=15;15/3=5`. One answer is right. Harder: larger numbers.
type linear struct {
	max int // of all numbers but the right-hand side
}

func newLinear(o options) (Family, error) {
	f := &linear{max: 20}
	set, err := o.set(option{"max", &f.max, 5, 99})
	if err != nil {
		return nil, err
	}
	product, sum := width(f.max*f.max), width(f.max*f.max+f.max)
	return list(&listed{
		name: "linear", options: set, alphabet: "*+-/0123456789:;=a", form: "3*a+4=19:",
		shape: shaped(`N[-+*/]N=N(?:;N[-+*/]N=N)*`), longest: sum + 2*width(f.max) + 2*product + width(f.max) + len("+=;/="),
		draw: f.draw, read: readLinear, lines: 2,
	})
}

// equation is times × a ± plus = right.
type equation struct {
	times, plus int
	op          byte
	right       int
}

func (f *linear) draw(s draw.Source) puzzle {
	e := equation{times: 2 + s.IntN(0, f.max-1), plus: 1 + s.IntN(1, f.max), op: '+'}
	product := e.times * (1 + s.IntN(2, f.max))
	e.right = product + e.plus
	if product >= e.plus && s.IntN(3, 2) == 1 {
		e.op, e.right = '-', product-e.plus
	}
	return e
}

func (e equation) prompt() string { return fmt.Sprintf("%d*a%c%d=%d", e.times, e.op, e.plus, e.right) }

// product is times × a.
func (e equation) product() int {
	if e.op == '+' {
		return e.right - e.plus
	}
	return e.right + e.plus
}

func (e equation) answers() []string {
	inverse := map[byte]byte{'+': '-', '-': '+'}[e.op]
	return []string{join([]step{{e.right, e.plus, inverse, e.product()}, {e.product(), e.times, '/', e.product() / e.times}})}
}

func readLinear(prompt string) puzzle {
	var e equation
	if _, err := fmt.Sscanf(prompt, "%d*a%c%d=%d", &e.times, &e.op, &e.plus, &e.right); err != nil {
		return nil
	}
	if e.op != '+' && e.op != '-' || e.times < 1 || e.plus < 0 || e.right < 0 || max(e.times, e.plus, e.right) > 1e6 ||
		e.product() < 0 || e.product()%e.times != 0 {
		return nil
	}
	return e
}
