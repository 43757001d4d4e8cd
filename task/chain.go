package task

import (
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// chain: calculate from left to right, without precedence.
//
// The prompt `3+4*2-5:` is answered `3+4=7;7*2=14;14-5=9`. Every result is a natural
// number below 1000. One answer is right. Harder: more terms, larger ones.
type chain struct {
	terms int
	max   int // each term is in 1 … max
}

const chainLimit = 999 // of results

func newChain(o options) (Family, error) {
	c := &chain{terms: 4, max: 20}
	set, err := o.set(option{"terms", &c.terms, 2, 8}, option{"max", &c.max, 2, 99})
	if err != nil {
		return nil, err
	}
	longest := (c.terms - 1) * (len("+=;") + 2*width(chainLimit) + width(c.max))
	return list(&listed{
		name: "chain", options: set, alphabet: "*+-0123456789:;=", form: "3+4*2-5:",
		shape: shaped(`N[-+*]N=N(?:;N[-+*]N=N)*`), longest: longest, draw: c.draw, read: readChain, lines: c.terms - 1,
	})
}

// links is a chain: numbers, and the operators between them.
type links struct {
	numbers []int
	ops     []byte
}

func (c *chain) draw(s draw.Source) puzzle {
	result := 1 + s.IntN(0, c.max)
	l := links{numbers: []int{result}}
	for i := uint64(1); i < uint64(c.terms); i++ {
		n := 1 + s.At(i).IntN(0, c.max)
		var possible []byte
		for _, op := range []byte("+-*") {
			if _, ok := calculate(result, op, n); ok {
				possible = append(possible, op)
			}
		}
		op := possible[s.At(i).IntN(1, len(possible))]
		result, _ = calculate(result, op, n)
		l.numbers, l.ops = append(l.numbers, n), append(l.ops, op)
	}
	return l
}

// calculate keeps within the results that a chain has. It always can add or subtract.
func calculate(a int, op byte, b int) (int, bool) {
	switch op {
	case '+':
		a += b
	case '-':
		a -= b
	case '*':
		a *= b
	}
	return a, a >= 0 && a <= chainLimit
}

func (l links) prompt() string {
	var b strings.Builder
	for i, n := range l.numbers {
		if i > 0 {
			b.WriteByte(l.ops[i-1])
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

func (l links) answers() []string {
	var path []step
	result := l.numbers[0]
	for i, op := range l.ops {
		next, ok := calculate(result, op, l.numbers[i+1])
		if !ok {
			return nil
		}
		path = append(path, step{result, l.numbers[i+1], op, next})
		result = next
	}
	return []string{join(path)}
}

func readChain(prompt string) puzzle {
	l := links{numbers: integers(prompt), ops: []byte(strings.Map(operatorsOnly, prompt))}
	if len(l.numbers) < 2 || len(l.ops) != len(l.numbers)-1 || strings.Trim(string(l.ops), "+-*") != "" || len(l.answers()) == 0 {
		return nil
	}
	return l
}

// operatorsOnly drops digits.
func operatorsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}
