package task

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// radix: write a number in another base.
//
// The prompt `13>2:` is answered by divisions, and then the remainders from the last to
// the first: `13=6*2+1;6=3*2+0;3=1*2+1;1=0*2+1;1101`. One answer is right. Harder: larger
// numbers, smaller bases.
type radix struct {
	max   int // the number is in radix … max
	radix int // the largest base; it is drawn from 2 … radix
}

func newRadix(o options) (Family, error) {
	r := &radix{max: 400, radix: 9}
	set, err := o.set(option{"max", &r.max, 20, 999}, option{"radix", &r.radix, 2, 9})
	if err != nil {
		return nil, err
	}
	bits := len(strconv.FormatInt(int64(r.max), 2))
	return list(&listed{
		name: "radix", options: set, alphabet: "*+0123456789:;=>", form: "13>2:",
		shape:   shaped(`N=N\*N\+N(?:;N=N\*N\+N)*;\d+`),
		longest: bits * (2*width(r.max) + len("=*2+1;1")), draw: r.draw, read: readRadix,
	})
}

type conversion struct{ number, base int }

func (r *radix) draw(s draw.Source) puzzle {
	return conversion{r.radix + s.IntN(0, r.max-r.radix+1), 2 + s.IntN(1, r.radix-1)}
}

func (c conversion) prompt() string { return fmt.Sprintf("%d>%d", c.number, c.base) }

func (c conversion) answers() []string {
	var lines []string
	written := ""
	for n := c.number; n > 0; n /= c.base {
		lines = append(lines, fmt.Sprintf("%d=%d*%d+%d", n, n/c.base, c.base, n%c.base))
		written = strconv.Itoa(n%c.base) + written
	}
	return []string{strings.Join(lines, ";") + ";" + written}
}

func readRadix(prompt string) puzzle {
	numbers := integers(prompt)
	if len(numbers) != 2 || numbers[0] < 1 || numbers[1] < 2 || numbers[1] > 9 {
		return nil
	}
	return conversion{numbers[0], numbers[1]}
}
