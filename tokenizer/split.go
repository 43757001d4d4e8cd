package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// splitter returns the length of the first piece of a text that is not empty.
type splitter func(text string) int

// The splitting rules of the tokenizers that are read, as their files write them.
const (
	gpt2Rule   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	qwen2Rule  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	llama3Rule = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

var splitters = map[string]splitter{
	gpt2Rule:   splitGPT2,
	qwen2Rule:  func(text string) int { return splitLlama(text, 1) },
	llama3Rule: func(text string) int { return splitLlama(text, 3) },
}

// class is what the rules tell apart.
type class uint8

const (
	other class = iota
	letter
	number
	space
)

var asciiClass = func() (table [utf8.RuneSelf]class) {
	for i := range table {
		table[i] = classOfRune(rune(i))
	}
	return table
}()

func classOfRune(r rune) class {
	switch {
	case unicode.Is(letterTable, r):
		return letter
	case unicode.Is(numberTable, r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// at is the class of the character at byte i, and its length.
func at(text string, i int) (class, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	return classOfRune(r), n
}

// run is where the characters of a class that begin at byte i end.
func run(text string, i int, want class) int {
	for i < len(text) {
		c, n := at(text, i)
		if c != want {
			break
		}
		i += n
	}
	return i
}

// splitGPT2 is gpt2Rule: the first alternative that matches, as long as it can be.
func splitGPT2(text string) int {
	if n := contraction(text, false); n > 0 {
		return n
	}
	from := 0
	if text[0] == ' ' && len(text) > 1 {
		from = 1
	}
	if c, _ := at(text, from); c != space {
		return run(text, from, c)
	}
	return spaces(text)
}

// splitLlama is llama3Rule, or qwen2Rule with digits one by one.
func splitLlama(text string, digits int) int {
	if n := contraction(text, true); n > 0 {
		return n
	}
	first, n := at(text, 0)
	switch {
	case first == letter:
		return run(text, n, letter)
	case first == number:
		for ; digits > 1 && n < len(text); digits-- {
			c, size := at(text, n)
			if c != number {
				break
			}
			n += size
		}
		return n
	}
	if text[0] != '\r' && text[0] != '\n' && n < len(text) {
		if c, _ := at(text, n); c == letter {
			return run(text, n, letter)
		}
	}
	from := 0
	if text[0] == ' ' && len(text) > 1 {
		from = 1
	}
	if c, _ := at(text, from); c == other {
		end := run(text, from, other)
		for end < len(text) && (text[end] == '\r' || text[end] == '\n') {
			end++
		}
		return end
	}
	if end := lastBreak(text); end > 0 {
		return end
	}
	return spaces(text)
}

// lastBreak is `\s*[\r\n]+`: the end of the last line break in the spaces that text begins
// with, or 0.
func lastBreak(text string) int {
	end := run(text, 0, space)
	for end > 0 && text[end-1] != '\r' && text[end-1] != '\n' {
		end--
	}
	return end
}

// spaces is `\s+(?!\S)|\s+`: all spaces at the end of a text, else all but the last, which
// belongs to what follows, unless there is but one.
func spaces(text string) int {
	end := run(text, 0, space)
	if end == len(text) {
		return end
	}
	_, last := utf8.DecodeLastRuneInString(text[:end])
	if end == last {
		return end
	}
	return end - last
}

// contraction is the length of 's, 't, 're, 've, 'm, 'll or 'd at the beginning, or 0. Where
// case does not matter, ſ is an s.
func contraction(text string, anyCase bool) int {
	if text[0] != '\'' || len(text) < 2 {
		return 0
	}
	lower := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		if c := text[i]; anyCase && 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return text[i]
	}
	switch lower(1) {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if lower(2) == 'e' {
			return 3
		}
	case 'l':
		if lower(2) == 'l' {
			return 3
		}
	case "ſ"[0]:
		if anyCase && len(text) > 2 && text[2] == "ſ"[1] {
			return 3
		}
	}
	return 0
}
