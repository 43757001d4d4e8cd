package task

import (
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// gcd: the greatest common divisor of two numbers, by Euclid's algorithm.
//
// The prompt `(48,18):`, the larger number first, is answered `48%18=12;18%12=6;12%6=0;6`.
// One answer is right. Harder: larger numbers, which need more divisions.
type gcd struct {
	max int // both are in 2 … max
}

func newGCD(o options) (Family, error) {
	g := &gcd{max: 99}
	set, err := o.set(option{"max", &g.max, 10, 999})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "gcd", options: set, alphabet: "%(),0123456789:;=", form: "(48,18):",
		shape:   shaped(`N%N=N(?:;N%N=N)*;N`),
		longest: divisions(g.max)*(len("%=;")+3*width(g.max)) + width(g.max), draw: g.draw, read: readGCD,
	})
}

// divisions is how many a pair of numbers up to max can need: as many as the largest
// neighbours in Fibonacci's sequence do (Lamé).
func divisions(max int) int {
	n := 0
	for a, b := 1, 2; b <= max; a, b = b, a+b {
		n++
	}
	return n
}

type pair struct{ a, b int }

func (g *gcd) draw(s draw.Source) puzzle {
	a, b := 2+s.IntN(0, g.max-1), 2+s.IntN(1, g.max-1)
	if a == b {
		return nil
	}
	return pair{max(a, b), min(a, b)}
}

func (p pair) prompt() string { return fmt.Sprintf("(%d,%d)", p.a, p.b) }

func (p pair) answers() []string {
	var lines []string
	for p.b > 0 {
		lines = append(lines, fmt.Sprintf("%d%%%d=%d", p.a, p.b, p.a%p.b))
		p.a, p.b = p.b, p.a%p.b
	}
	return []string{fmt.Sprintf("%s;%d", strings.Join(lines, ";"), p.a)}
}

func readGCD(prompt string) puzzle {
	numbers := integers(prompt)
	if len(numbers) != 2 || numbers[0] <= numbers[1] || numbers[1] == 0 {
		return nil
	}
	return pair{numbers[0], numbers[1]}
}
