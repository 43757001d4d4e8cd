// Package tokenizer turns text into tokens and back, as the Hugging Face tokenizer.json of
// a model says: byte-level BPE with the splitting rules of GPT-2, Qwen2 and Llama 3, BPE on
// characters with byte fallback, and one token a character for models made here.
//
// Encoding runs as in the tokenizers library: added tokens are found in the text, what lies
// between them is normalized, split into pieces, and each piece is merged.
package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/negativa-lab/negativa"
)

// Tokenizer maps text to tokens and back. It is immutable and safe for concurrent use.
type Tokenizer struct {
	files map[string][]byte // tokenizer.json and what lies beside it, as they were read

	added     *addedTokens // found in the text as it is
	late      *addedTokens // found in normalized text
	normalize func(text string) string
	split     splitter // nil: a text is one piece
	bpe       *bpe
	prefix    []negativa.Token // what a post-processor puts before a text, and after it
	suffix    []negativa.Token

	pieces  []string // by id, "" for ids without a token
	special []bool   // by id
	decoder decoder
	eos     negativa.Token // -1: none is named
	scratch sync.Pool      // of *encoder
}

// VocabSize is one more than the highest id.
func (t *Tokenizer) VocabSize() int { return len(t.pieces) }

// EOS is the token that tokenizer_config.json names as the end of a text, or -1.
func (t *Tokenizer) EOS() negativa.Token { return t.eos }

// Token returns the id of a token as tokenizer.json writes it, and whether there is one.
func (t *Tokenizer) Token(piece string) (negativa.Token, bool) {
	if id, ok := t.added.ids[piece]; ok {
		return id, true
	}
	if id, ok := t.late.ids[piece]; ok {
		return id, true
	}
	id, ok := t.bpe.vocab[piece]
	return id, ok
}

// Special tells whether a token is one of those that Decode leaves out.
func (t *Tokenizer) Special(id negativa.Token) bool {
	return id >= 0 && int(id) < len(t.special) && t.special[id]
}

// Encode gives the tokens of a text. Special tokens that are written in it become theirs;
// none are added. A character that the vocabulary has no way to write is an error that
// names it and its place.
func (t *Tokenizer) Encode(text string) ([]negativa.Token, error) {
	return t.encode(make([]negativa.Token, 0, len(text)/3+4), text)
}

// EncodeSpecial is Encode with the special tokens that the tokenizer puts around a text,
// such as the <|begin_of_text|> of Llama 3.
func (t *Tokenizer) EncodeSpecial(text string) ([]negativa.Token, error) {
	tokens, err := t.encode(append(make([]negativa.Token, 0, len(text)/3+4), t.prefix...), text)
	return append(tokens, t.suffix...), err
}

// EncodePrompt gives the tokens of a text that a model is to go on with: special tokens that
// belong in front are put there, unless the text begins with them, as what a chat template
// writes does.
func (t *Tokenizer) EncodePrompt(text string) ([]negativa.Token, error) {
	tokens, err := t.Encode(text)
	n := len(t.prefix)
	if n == 0 || len(tokens) >= n && slices.Equal(tokens[:n], t.prefix) {
		return tokens, err
	}
	return append(slices.Clone(t.prefix), tokens...), err
}

func (t *Tokenizer) encode(out []negativa.Token, text string) ([]negativa.Token, error) {
	e, _ := t.scratch.Get().(*encoder)
	if e == nil {
		e = &encoder{Tokenizer: t, cache: map[string][]negativa.Token{}}
	}
	defer t.scratch.Put(e)
	e.out, e.offset = out, 0
	err := t.added.each(text, e.add, e.plain)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", shorten(text), err)
	}
	return e.out, nil
}

// encoder is the state of one Encode, and memory that the next one uses again.
type encoder struct {
	*Tokenizer
	out    []negativa.Token
	offset int // of the text at hand
	cache  map[string][]negativa.Token
	merger merger
}

func (e *encoder) add(id negativa.Token) { e.out = append(e.out, id) }

// plain encodes text between added tokens.
func (e *encoder) plain(text string, offset int) error {
	if e.normalize != nil {
		text = e.normalize(text)
	}
	return e.late.each(text, e.add, func(text string, at int) error {
		e.offset = offset + at
		if e.split == nil {
			return e.piece(text)
		}
		for len(text) > 0 {
			n := e.split(text)
			if err := e.piece(text[:n]); err != nil {
				return err
			}
			text, e.offset = text[n:], e.offset+n
		}
		return nil
	})
}

// A cache of pieces is bounded in its entries and in the length of each.
const (
	maxCached      = 1 << 16
	maxCachedPiece = 64
)

func (e *encoder) piece(piece string) error {
	if len(piece) > maxCachedPiece || e.bpe.merges.n == 0 {
		var err error
		e.out, err = e.merger.encode(e.bpe, piece, e.offset, e.out)
		return err
	}
	if tokens, ok := e.cache[piece]; ok {
		e.out = append(e.out, tokens...)
		return nil
	}
	from := len(e.out)
	var err error
	if e.out, err = e.merger.encode(e.bpe, piece, e.offset, e.out); err != nil {
		return err
	}
	if len(e.cache) >= maxCached {
		clear(e.cache)
	}
	e.cache[strings.Clone(piece)] = slices.Clone(e.out[from:])
	return nil
}

// shorten quotes the beginning of a text.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%q…", text[:end])
}
