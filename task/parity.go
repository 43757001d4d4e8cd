package task

import (
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// parity: say of every beginning of a row of bits whether its number of ones is odd.
//
// The prompt `1101:` is answered `1001`; the last bit is the parity of all. One answer is
// right. Harder: more bits.
type parity struct{ bits int }

func newParity(o options) (Family, error) {
	f := &parity{bits: 12}
	set, err := o.set(option{"bits", &f.bits, 2, 64})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "parity", options: set, alphabet: "01:", form: "1101:",
		shape: shaped(`[01]+`), longest: f.bits, draw: f.draw,
		read: func(prompt string) puzzle {
			if len(prompt) < 2 || strings.Trim(prompt, "01") != "" {
				return nil
			}
			return bits(prompt)
		},
	})
}

type bits string

func (f *parity) draw(s draw.Source) puzzle { return bits(letters(s, f.bits, "01")) }

// letters draws a row of characters of an alphabet.
func letters(s draw.Source, n int, alphabet string) string {
	row := make([]byte, n)
	for i := range row {
		row[i] = alphabet[s.IntN(uint64(i), len(alphabet))]
	}
	return string(row)
}

func (b bits) prompt() string { return string(b) }

func (b bits) answers() []string {
	odd := make([]byte, len(b))
	last := byte('0')
	for i := range odd {
		last ^= b[i] & 1
		odd[i] = last
	}
	return []string{string(odd)}
}
