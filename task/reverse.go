package task

import (
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// reverse: write a word backwards.
//
// The prompt `<badcab:` is answered `bacdab`. One answer is right. Harder: more letters.
type reverse struct{ letters int }

func newReverse(o options) (Family, error) {
	f := &reverse{letters: 8}
	set, err := o.set(option{"letters", &f.letters, 2, 32})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "reverse", options: set, alphabet: ":<abcdefgh", form: "<badcab:",
		shape: shaped(`[a-h]+`), longest: f.letters, draw: f.draw,
		read: func(prompt string) puzzle {
			word, found := strings.CutPrefix(prompt, "<")
			if !found || word == "" || strings.Trim(word, firstLetters) != "" {
				return nil
			}
			return backwards(word)
		},
	})
}

// firstLetters are those that words are made of.
const firstLetters = "abcdefgh"

type backwards string

func (f *reverse) draw(s draw.Source) puzzle { return backwards(letters(s, f.letters, firstLetters)) }

func (b backwards) prompt() string { return "<" + string(b) }

func (b backwards) answers() []string {
	word := []byte(b)
	slices.Reverse(word)
	return []string{string(word)}
}
