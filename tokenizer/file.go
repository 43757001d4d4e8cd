package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
)

// The files of a tokenizer. The second need not be there.
const (
	mainFile   = "tokenizer.json"
	configFile = "tokenizer_config.json"
)

// file is tokenizer.json.
type file struct {
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

type model struct {
	Type          string          `json:"type"`
	Dropout       *float64        `json:"dropout"`
	Unknown       *string         `json:"unk_token"`
	SubwordPrefix *string         `json:"continuing_subword_prefix"`
	WordSuffix    *string         `json:"end_of_word_suffix"`
	FuseUnknown   bool            `json:"fuse_unk"`
	ByteFallback  bool            `json:"byte_fallback"`
	IgnoreMerges  bool            `json:"ignore_merges"`
	Vocab         json.RawMessage `json:"vocab"`
	Merges        json.RawMessage `json:"merges"`
}

// Load reads the tokenizer of a model folder: tokenizer.json, and the token that ends a text
// from tokenizer_config.json. What it would have to compute otherwise than the tokenizers
// library does is refused, naming the key.
func Load(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, mainFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %w; a model folder holds config.json, model.safetensors and tokenizer.json", err)
	}
	t, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	config, err := os.ReadFile(filepath.Join(dir, configFile))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err == nil {
		err = t.configure(config)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, configFile), err)
	}
	return t, nil
}

// Save writes the tokenizer's files as they were read.
func (t *Tokenizer) Save(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		if err := renameio.WriteFile(filepath.Join(dir, name), t.files[name], 0o644); err != nil {
			return fmt.Errorf("save tokenizer: %w", err)
		}
	}
	return nil
}

// configure takes the token that ends a text from tokenizer_config.json.
func (t *Tokenizer) configure(raw []byte) error {
	var config struct {
		EOS json.RawMessage `json:"eos_token"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return err
	}
	t.files[configFile] = raw
	var name string
	if json.Unmarshal(config.EOS, &name) != nil {
		var token struct{ Content string }
		if json.Unmarshal(config.EOS, &token) != nil {
			return nil // none is named
		}
		name = token.Content
	}
	if name == "" {
		return nil
	}
	id, ok := t.Token(name)
	if !ok {
		return fmt.Errorf("eos_token %q is not in the vocabulary of %s", name, mainFile)
	}
	t.eos = id
	return nil
}

func parse(raw []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	t := &Tokenizer{files: map[string][]byte{mainFile: raw}, eos: -1}
	for _, part := range []struct {
		key  string
		read func(f *file) error
	}{
		{"model", t.readModel},
		{"added_tokens", t.readAdded},
		{"normalizer", func(f *file) (err error) { t.normalize, err = readNormalizer(f.Normalizer); return err }},
		{"pre_tokenizer", t.readPreTokenizer},
		{"post_processor", t.readPostProcessor},
		{"decoder", t.readDecoder},
	} {
		if err := part.read(&f); err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
	}
	return t, nil
}

// largestID bounds ids, so that a damaged file cannot ask for any amount of memory.
const largestID = 1 << 22

func (t *Tokenizer) readModel(f *file) error {
	m := &f.Model
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("type %q is not supported: only BPE is", m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return errors.New("dropout is not supported: encoding must not be random")
	case m.SubwordPrefix != nil && *m.SubwordPrefix != "", m.WordSuffix != nil && *m.WordSuffix != "":
		return errors.New("continuing_subword_prefix and end_of_word_suffix are not supported")
	}
	b := &bpe{unknown: -1, fuse: m.FuseUnknown, ignoreMerges: m.IgnoreMerges}
	if err := json.Unmarshal(m.Vocab, &b.vocab); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	if len(b.vocab) == 0 {
		return errors.New("vocab is empty")
	}
	t.bpe = b
	for piece, id := range b.vocab {
		if err := t.name(piece, id); err != nil {
			return fmt.Errorf("vocab: %w", err)
		}
	}
	if m.Unknown != nil {
		id, ok := b.vocab[*m.Unknown]
		if !ok {
			return fmt.Errorf("unk_token %q is not in vocab", *m.Unknown)
		}
		b.unknown = id
	}
	if b.fallback = m.ByteFallback; b.fallback {
		for i := range b.bytes {
			b.bytes[i] = b.idOf(fmt.Sprintf("<0x%02X>", i))
		}
	}
	return b.readMerges(m.Merges)
}

// name gives an id its token.
func (t *Tokenizer) name(piece string, id negativa.Token) error {
	if id < 0 || id >= largestID {
		return fmt.Errorf("%q has id %d; ids are between 0 and 2^22", piece, id)
	}
	if n := int(id) + 1; n > len(t.pieces) {
		t.pieces = append(t.pieces, make([]string, n-len(t.pieces))...)
	}
	if other := t.pieces[id]; other != "" && other != piece {
		return fmt.Errorf("%q and %q both have id %d", min(piece, other), max(piece, other), id)
	}
	t.pieces[id] = piece
	return nil
}

func (b *bpe) idOf(piece string) negativa.Token {
	if id, ok := b.vocab[piece]; ok {
		return id
	}
	return -1
}

// readMerges reads pairs as ["a", "b"] or as "a b".
func (b *bpe) readMerges(raw json.RawMessage) error {
	var list [][2]string
	if err := json.Unmarshal(raw, &list); err != nil {
		var lines []string
		if json.Unmarshal(raw, &lines) != nil {
			return fmt.Errorf("merges: %w", err)
		}
		list = make([][2]string, len(lines))
		for i, line := range lines {
			left, right, ok := strings.Cut(line, " ")
			if !ok {
				return fmt.Errorf("merges: entry %d, %q, is not two tokens with a space between", i, line)
			}
			list[i] = [2]string{left, right}
		}
	}
	b.merges = newPairs(len(list))
	for i, m := range list {
		left, right, both := b.idOf(m[0]), b.idOf(m[1]), b.idOf(m[0]+m[1])
		if left < 0 || right < 0 || both < 0 {
			return fmt.Errorf("merges: entry %d, %q and %q, is of tokens that vocab does not have", i, m[0], m[1])
		}
		b.merges.add(left, right, merge{int32(i), both})
	}
	return nil
}

func (t *Tokenizer) readAdded(f *file) error {
	var now, late []addedToken
	for _, a := range f.AddedTokens {
		if err := t.name(a.Content, a.ID); err != nil {
			return err
		}
		if a.Normalized {
			late = append(late, a)
		} else {
			now = append(now, a)
		}
	}
	t.added, t.late = newAdded(now), newAdded(late)
	t.special = make([]bool, len(t.pieces))
	for _, a := range f.AddedTokens {
		t.special[a.ID] = a.Special
	}
	return nil
}
