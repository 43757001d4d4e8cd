package tokenizer

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc composes characters as the tokenizers library does: by the tables of Unicode 9, so that
// newer marks stay where they are, and without the joiner that x/text puts into long runs of
// marks (whose tables this takes).
func nfc(text string) string {
	if norm.NFC.IsNormalString(text) {
		return text
	}
	var out, run []rune // run: a character and the marks that follow it, decomposed
	for _, r := range text {
		for _, d := range decompose(r) {
			if ccc(d) == 0 {
				out = compose(out, run)
				run = run[:0]
			}
			run = append(run, d)
		}
	}
	return string(composeLetters(compose(out, run)))
}

// decompose is a character's canonical decomposition.
func decompose(r rune) []rune {
	if r < utf8.RuneSelf || unicode.Is(newMarks, r) {
		return []rune{r}
	}
	return []rune(norm.NFD.String(string(r)))
}

// ccc is a character's canonical combining class.
func ccc(r rune) uint8 {
	if r < utf8.RuneSelf || unicode.Is(newMarks, r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// compose orders the marks of a run by class, joins those with its first character that it
// can be joined with, and appends what is left.
func compose(out, run []rune) []rune {
	if len(run) == 0 {
		return out
	}
	marks := run[1:]
	if ccc(run[0]) != 0 { // a text that begins with marks
		marks = run
	}
	slices.SortStableFunc(marks, func(a, b rune) int { return int(ccc(a)) - int(ccc(b)) })
	if len(marks) == len(run) {
		return append(out, run...)
	}
	first, blocked, rest := run[0], uint8(0), marks[:0]
	for _, m := range marks {
		if joined, ok := join(first, m); ok && (len(rest) == 0 || blocked < ccc(m)) {
			first = joined
			continue
		}
		blocked = ccc(m)
		rest = append(rest, m)
	}
	return append(append(out, first), rest...)
}

// composeLetters joins neighbours that are no marks, such as the parts of Hangul.
func composeLetters(text []rune) []rune {
	out := text[:0]
	for _, r := range text {
		if last := len(out) - 1; last >= 0 && ccc(r) == 0 {
			if joined, ok := join(out[last], r); ok {
				out[last] = joined
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// join is the character that two are composed of, if there is one.
func join(a, b rune) (rune, bool) {
	if b < 0x300 || unicode.Is(newMarks, a) || unicode.Is(newMarks, b) {
		return 0, false
	}
	joined := norm.NFC.String(string([]rune{a, b}))
	r, n := utf8.DecodeRuneInString(joined)
	return r, n == len(joined)
}
