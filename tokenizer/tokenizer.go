// Package tokenizer turns text into tokens and back: one token a character, stored as
// a Hugging Face tokenizer.json.
package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
)

// endOfSequence ends every completion. It has id 0 and decodes to nothing.
const endOfSequence = "<eos>"

// Tokenizer maps characters to ids. It is immutable and safe for concurrent use.
type Tokenizer struct {
	ids   map[rune]negativa.Token
	runes []rune // by id; 0 for <eos> and for ids without a character
	eos   negativa.Token
}

// Char makes the tokenizer of an alphabet: <eos> is 0, the characters follow in order.
// Repeated characters count once.
func Char(alphabet string) *Tokenizer {
	runes := []rune(alphabet)
	slices.Sort(runes)
	t := &Tokenizer{ids: map[rune]negativa.Token{}, runes: []rune{0}}
	for _, r := range slices.Compact(runes) {
		t.ids[r] = negativa.Token(len(t.runes))
		t.runes = append(t.runes, r)
	}
	return t
}

// VocabSize is one more than the highest id.
func (t *Tokenizer) VocabSize() int { return len(t.runes) }

// EOS is the token that ends a completion.
func (t *Tokenizer) EOS() negativa.Token { return t.eos }

// Encode gives one token a character. A character without one is an error that names
// it and its place.
func (t *Tokenizer) Encode(text string) ([]negativa.Token, error) {
	tokens := make([]negativa.Token, 0, len(text))
	for offset, r := range text {
		id, ok := t.ids[r]
		if !ok {
			return nil, fmt.Errorf("encode %q: the vocabulary has no %q (byte %d)", text, r, offset)
		}
		tokens = append(tokens, id)
	}
	return tokens, nil
}

// Decode gives the text of tokens. <eos> and ids outside the vocabulary give nothing.
func (t *Tokenizer) Decode(tokens []negativa.Token) string {
	var b strings.Builder
	for _, id := range tokens {
		if id >= 0 && int(id) < len(t.runes) && t.runes[id] != 0 {
			b.WriteRune(t.runes[id])
		}
	}
	return b.String()
}

// file is the part of tokenizer.json that a character-level tokenizer uses. Pointers
// and raw values tell what is absent or null from what is set.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         model           `json:"model"`
}

type addedToken struct {
	ID         negativa.Token `json:"id"`
	Content    string         `json:"content"`
	SingleWord bool           `json:"single_word"`
	LStrip     bool           `json:"lstrip"`
	RStrip     bool           `json:"rstrip"`
	Normalized bool           `json:"normalized"`
	Special    bool           `json:"special"`
}

// model is a byte-pair encoding without merges: every character stays a token.
type model struct {
	Type                    string                    `json:"type"`
	Dropout                 *float64                  `json:"dropout"`
	UnkToken                *string                   `json:"unk_token"`
	ContinuingSubwordPrefix *string                   `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string                   `json:"end_of_word_suffix"`
	FuseUnk                 bool                      `json:"fuse_unk"`
	ByteFallback            bool                      `json:"byte_fallback"`
	IgnoreMerges            bool                      `json:"ignore_merges"`
	Vocab                   map[string]negativa.Token `json:"vocab"`
	Merges                  []json.RawMessage         `json:"merges"`
}

var null = json.RawMessage("null")

// Save writes tokenizer.json and tokenizer_config.json, which transformers, tokenizers
// and vLLM open.
func (t *Tokenizer) Save(dir string) error {
	vocab := map[string]negativa.Token{endOfSequence: t.eos}
	for r, id := range t.ids {
		vocab[string(r)] = id
	}
	tokenizer := file{
		Version: "1.0", Truncation: null, Padding: null, Normalizer: null, PreTokenizer: null, PostProcessor: null,
		Decoder:     json.RawMessage(`{"type":"Fuse"}`),
		AddedTokens: []addedToken{{ID: t.eos, Content: endOfSequence, Special: true}},
		Model:       model{Type: "BPE", Vocab: vocab, Merges: []json.RawMessage{}},
	}
	config := map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": endOfSequence,
		"clean_up_tokenization_spaces": false, "model_max_length": 1 << 30,
	}
	for name, value := range map[string]any{"tokenizer.json": tokenizer, "tokenizer_config.json": config} {
		if err := writeJSON(filepath.Join(dir, name), value); err != nil {
			return fmt.Errorf("save tokenizer: %w", err)
		}
	}
	return nil
}

func writeJSON(path string, value any) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return renameio.WriteFile(path, []byte(b.String()), 0o644)
}

// Load reads the tokenizer.json of a model folder. Anything but a character-level
// tokenizer is refused, naming the key.
func Load(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, "tokenizer.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %w; a model folder holds config.json, model.safetensors and tokenizer.json", err)
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	t, err := f.tokenizer()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return t, nil
}

func (f file) tokenizer() (*Tokenizer, error) {
	if err := f.supported(); err != nil {
		return nil, err
	}
	size := 0
	for piece, id := range f.Model.Vocab {
		if id < 0 || id > 1<<22 {
			return nil, fmt.Errorf("model.vocab: %q has id %d; ids are between 0 and 2^22", piece, id)
		}
		size = max(size, int(id)+1)
	}
	t := &Tokenizer{ids: map[rune]negativa.Token{}, runes: make([]rune, size), eos: -1}
	owner := map[negativa.Token]string{}
	for piece, id := range f.Model.Vocab {
		if other, taken := owner[id]; taken {
			return nil, fmt.Errorf("model.vocab: %q and %q both have id %d", min(piece, other), max(piece, other), id)
		}
		owner[id] = piece
		if piece == endOfSequence {
			t.eos = id
			continue
		}
		runes := []rune(piece)
		if len(runes) != 1 {
			return nil, fmt.Errorf("model.vocab: %q is not one character: only character-level tokenizers are supported", piece)
		}
		t.ids[runes[0]], t.runes[id] = id, runes[0]
	}
	if t.eos < 0 {
		return nil, fmt.Errorf("model.vocab has no %s token", endOfSequence)
	}
	return t, nil
}

func (f file) supported() error {
	isNull := func(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
	switch {
	case f.Model.Type != "BPE":
		return fmt.Errorf("model.type is %q: only character-level BPE is supported", f.Model.Type)
	case len(f.Model.Merges) > 0:
		return fmt.Errorf("model.merges has %d entries: only character-level tokenizers, without merges, are supported", len(f.Model.Merges))
	case len(f.Model.Vocab) == 0:
		return errors.New("model.vocab is empty")
	case f.Model.ByteFallback:
		return errors.New("model.byte_fallback is not supported")
	case !isNull(f.Normalizer):
		return errors.New("normalizer is set: only tokenizers without one are supported")
	case !isNull(f.PreTokenizer):
		return errors.New("pre_tokenizer is set: only tokenizers without one are supported")
	case !isNull(f.PostProcessor):
		return errors.New("post_processor is set: only tokenizers without one are supported")
	}
	for _, a := range f.AddedTokens {
		if a.Content != endOfSequence {
			return fmt.Errorf("added_tokens: %q is not supported: only %s is", a.Content, endOfSequence)
		}
	}
	return nil
}
