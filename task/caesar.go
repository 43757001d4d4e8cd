package task

import (
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// caesar: move every letter of a word on by a number of places; a follows h.
//
// The prompt `bad+3:` is answered `edg`. One answer is right. Harder: more letters.
type caesar struct{ letters int }

func newCaesar(o options) (Family, error) {
	f := &caesar{letters: 6}
	set, err := o.set(option{"letters", &f.letters, 2, 32})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "caesar", options: set, alphabet: "+1234567:abcdefgh", form: "bad+3:",
		shape: shaped(`[a-h]+`), longest: f.letters, draw: f.draw, read: readCaesar,
	})
}

type shifted struct {
	word string
	by   int // 1 … 7
}

func (f *caesar) draw(s draw.Source) puzzle {
	return shifted{letters(s.At(0), f.letters, firstLetters), 1 + s.IntN(0, len(firstLetters)-1)}
}

func (c shifted) prompt() string { return fmt.Sprintf("%s+%d", c.word, c.by) }

func (c shifted) answers() []string {
	return []string{strings.Map(func(r rune) rune { return 'a' + (r-'a'+rune(c.by))%rune(len(firstLetters)) }, c.word)}
}

func readCaesar(prompt string) puzzle {
	word, by, _ := strings.Cut(prompt, "+")
	if word == "" || strings.Trim(word, firstLetters) != "" || len(by) != 1 || by[0] < '1' || by[0] > '7' {
		return nil
	}
	return shifted{word, int(by[0] - '0')}
}
