package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Byte-level vocabularies write each byte as a letter: printable ones of Latin-1 as
// themselves, the others as the letters from U+0100 on, in order (GPT-2's bytes_to_unicode).
var (
	letters  [256]rune
	byLetter = map[rune]byte{}
)

func init() {
	next := rune(256)
	for b := range letters {
		switch {
		case '!' <= b && b <= '~', 0xa1 <= b && b <= 0xac, 0xae <= b && b <= 0xff:
			letters[b] = rune(b)
		default:
			letters[b] = next
			next++
		}
		byLetter[letters[b]] = byte(b)
	}
}

// lettersOf writes bytes in letters.
func lettersOf(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(letters[text[i]])
	}
	return b.String()
}

// bytesOf is what a token in letters stands for; one that holds another character stands
// for itself.
func bytesOf(piece string) string {
	out := make([]byte, 0, len(piece))
	for _, r := range piece {
		b, ok := byLetter[r]
		if !ok {
			return piece
		}
		out = append(out, b)
	}
	return string(out)
}

// lossy replaces each maximal part that is the beginning of no character by one U+FFFD, as
// Rust's from_utf8_lossy does (Unicode, §3.9, U+FFFD substitution of maximal subparts).
func lossy(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			n = brokenPart(text)
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// brokenPart is the length of the longest beginning of a character that text begins with,
// or 1.
func brokenPart(text string) int {
	low, high, size := byte(0x80), byte(0xbf), 0
	switch c := text[0]; {
	case 0xc2 <= c && c <= 0xdf:
		size = 2
	case 0xe0 <= c && c <= 0xef:
		size = 3
		switch c {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		}
	case 0xf0 <= c && c <= 0xf4:
		size = 4
		switch c {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	}
	n := 1
	for n < size && n < len(text) && low <= text[n] && text[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
