package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/negativa-lab/negativa"
)

// addedTokens are found in text before anything else is done with it: the leftmost first,
// of those that begin in one place the longest.
type addedTokens struct {
	ids    map[string]negativa.Token
	starts [256][]addedToken // by first byte, the longest first
}

func newAdded(tokens []addedToken) *addedTokens {
	a := &addedTokens{ids: map[string]negativa.Token{}}
	for _, t := range tokens {
		if t.Content == "" {
			continue
		}
		a.ids[t.Content] = t.ID
		a.starts[t.Content[0]] = append(a.starts[t.Content[0]], t)
	}
	for _, list := range a.starts {
		slices.SortStableFunc(list, func(x, y addedToken) int { return cmp.Compare(len(y.Content), len(x.Content)) })
	}
	return a
}

// each cuts text at added tokens, and hands over them and what lies between, with its
// offset.
func (a *addedTokens) each(text string, token func(negativa.Token), between func(text string, offset int) error) error {
	done, i := 0, 0
	for len(a.ids) > 0 && i < len(text) {
		t := a.at(text, i)
		if t == nil {
			i++
			continue
		}
		from, to := i, i+len(t.Content)
		if t.LStrip {
			from = max(done, len(strings.TrimRightFunc(text[:from], unicode.IsSpace)))
		}
		if t.RStrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
		}
		if from > done {
			if err := between(text[done:from], done); err != nil {
				return err
			}
		}
		token(t.ID)
		done, i = to, to
	}
	if done < len(text) {
		return between(text[done:], done)
	}
	return nil
}

// at is the token that begins at byte i of a text.
func (a *addedTokens) at(text string, i int) *addedToken {
	for j := range a.starts[text[i]] {
		t := &a.starts[text[i]][j]
		if strings.HasPrefix(text[i:], t.Content) && (!t.SingleWord || aWord(text, i, i+len(t.Content))) {
			return t
		}
	}
	return nil
}

// aWord tells whether no word's characters lie around a part of text.
func aWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return (from == 0 || !wordly(before)) && (to == len(text) || !wordly(after))
}

// wordly is \w.
func wordly(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.Is(unicode.Pc, r)
}
