package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/negativa-lab/negativa"
)

// Decode gives the text of tokens, without special ones. Ids without a token give nothing;
// bytes that are no character give U+FFFD, as the tokenizers library has it.
func (t *Tokenizer) Decode(tokens []negativa.Token) string { return t.decode(tokens, true) }

// DecodeSpecial is Decode with the special tokens as they are written.
func (t *Tokenizer) DecodeSpecial(tokens []negativa.Token) string { return t.decode(tokens, false) }

func (t *Tokenizer) decode(tokens []negativa.Token, skip bool) string {
	s := t.Stream(skip)
	var b strings.Builder
	for _, id := range tokens {
		s.push(id, &b)
	}
	s.flush(&b)
	if t.decoder.byteLevel {
		return lossy(b.String())
	}
	return b.String()
}

// decoder is how tokens become text: byte-level, or pieces joined.
type decoder struct {
	byteLevel bool
	replace   [2]string // every piece's first string by its second
	fallback  bool      // <0xNN> are bytes
	strip     int       // spaces at the beginning that are not part of the text
}

// Stream decodes tokens one by one. A character comes out when it is whole.
type Stream struct {
	t       *Tokenizer
	skip    bool
	pending []byte // bytes that may yet become a character
	strip   int
}

// Stream begins a text; skip leaves special tokens out.
func (t *Tokenizer) Stream(skip bool) *Stream {
	return &Stream{t: t, skip: skip, strip: t.decoder.strip}
}

// Push adds a token and returns the text that is certain by now.
func (s *Stream) Push(id negativa.Token) string {
	var b strings.Builder
	s.push(id, &b)
	if !s.t.decoder.byteLevel {
		return b.String()
	}
	s.pending = append(s.pending, b.String()...)
	text := lossy(string(s.pending))
	if strings.HasSuffix(text, "\uFFFD") { // it may be the beginning of a character
		return ""
	}
	s.pending = s.pending[:0]
	return text
}

// Flush ends the text: what is no character by now will not become one.
func (s *Stream) Flush() string {
	var b strings.Builder
	s.flush(&b)
	return b.String()
}

// push writes what a token adds: of a byte-level tokenizer bytes, else whole text.
func (s *Stream) push(id negativa.Token, b *strings.Builder) {
	t := s.t
	if id < 0 || int(id) >= len(t.pieces) || t.pieces[id] == "" || s.skip && t.special[id] {
		return
	}
	piece := t.pieces[id]
	d := &t.decoder
	switch {
	case d.byteLevel:
		b.WriteString(piece)
		return
	case d.fallback:
		if c, ok := byteOf(piece); ok {
			s.pending = append(s.pending, c)
			return
		}
		s.flush(b)
	}
	if d.replace[0] != "" {
		piece = strings.ReplaceAll(piece, d.replace[0], d.replace[1])
	}
	s.write(piece, b)
}

// write leaves out spaces that the text must not begin with.
func (s *Stream) write(text string, b *strings.Builder) {
	for s.strip > 0 && text != "" {
		if text[0] != ' ' {
			s.strip = 0
			break
		}
		text, s.strip = text[1:], s.strip-1
	}
	b.WriteString(text)
}

// flush writes a run of bytes: a text, or, if it is none as a whole, a U+FFFD a byte. Bytes
// of a byte-level stream are judged character by character.
func (s *Stream) flush(b *strings.Builder) {
	switch {
	case len(s.pending) == 0:
	case s.t.decoder.byteLevel:
		b.WriteString(lossy(string(s.pending)))
	case utf8.Valid(s.pending):
		s.write(string(s.pending), b)
	default:
		s.write(strings.Repeat("\uFFFD", len(s.pending)), b)
	}
	s.pending = s.pending[:0]
}

// byteOf reads <0xNN>.
func byteOf(piece string) (byte, bool) {
	if len(piece) != 6 || !strings.HasPrefix(piece, "<0x") || piece[5] != '>' {
		return 0, false
	}
	n, err := strconv.ParseUint(piece[3:5], 16, 8)
	return byte(n), err == nil
}
