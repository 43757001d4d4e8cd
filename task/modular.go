package task

import (
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// modular: calculate from left to right modulo a number.
//
// The prompt `5*6+4%7:` is answered `5*6=2;2+4=6`: every result is reduced to 0 … 6.
// One answer is right. Harder: more terms, a larger modulus.
type modular struct {
	terms   int
	modulus int // the largest; it is drawn from 3 … modulus
}

func newModular(o options) (Family, error) {
	m := &modular{terms: 4, modulus: 20}
	set, err := o.set(option{"terms", &m.terms, 2, 8}, option{"modulus", &m.modulus, 3, 99})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "modular", options: set, alphabet: "%*+-0123456789:;=", form: "5*6+4%7:",
		shape:   shaped(`N[-+*]N=N(?:;N[-+*]N=N)*`),
		longest: (m.terms - 1) * (len("+=;") + 3*width(m.modulus-1)), draw: m.draw, read: readModular,
	})
}

// residues is a chain modulo a number.
type residues struct {
	links
	modulus int
}

func (m *modular) draw(s draw.Source) puzzle {
	r := residues{modulus: 3 + s.IntN(0, m.modulus-2)}
	for i := range uint64(m.terms) {
		r.numbers = append(r.numbers, s.At(i).IntN(0, r.modulus))
		if i > 0 {
			r.ops = append(r.ops, "+-*"[s.At(i).IntN(1, 3)])
		}
	}
	return r
}

func (r residues) prompt() string { return r.links.prompt() + "%" + strconv.Itoa(r.modulus) }

func (r residues) answers() []string {
	var path []step
	result := r.numbers[0]
	for i, op := range r.ops {
		n := r.numbers[i+1]
		next := map[byte]int{'+': result + n, '-': result - n + r.modulus, '*': result * n}[op] % r.modulus
		path = append(path, step{result, n, op, next})
		result = next
	}
	return []string{join(path)}
}

func readModular(prompt string) puzzle {
	expression, modulus, _ := strings.Cut(prompt, "%")
	numbers := integers(modulus)
	if len(numbers) != 1 {
		return nil
	}
	r := residues{modulus: numbers[0]}
	r.numbers, r.ops = integers(expression), []byte(strings.Map(operatorsOnly, expression))
	if len(r.numbers) < 2 || len(r.ops) != len(r.numbers)-1 || strings.Trim(string(r.ops), "+-*") != "" {
		return nil
	}
	for _, n := range r.numbers {
		if n >= r.modulus {
			return nil
		}
	}
	return r
}
