package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
)

// part is any of a tokenizer's steps, or a sequence of some.
type part struct {
	Type string `json:"type"`

	Normalizers   []json.RawMessage `json:"normalizers"`
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Processors    []json.RawMessage `json:"processors"`
	Decoders      []json.RawMessage `json:"decoders"`

	Prepend        string   `json:"prepend"`
	Content        string   `json:"content"`
	Pattern        *pattern `json:"pattern"`
	Behavior       string   `json:"behavior"`
	Invert         bool     `json:"invert"`
	AddPrefixSpace bool     `json:"add_prefix_space"`
	UseRegex       *bool    `json:"use_regex"`
	Start          int      `json:"start"`
	Stop           int      `json:"stop"`
	Replacement    string   `json:"replacement"`
	Scheme         string   `json:"prepend_scheme"`

	Single        []templateItem             `json:"single"`
	SpecialTokens map[string]json.RawMessage `json:"special_tokens"`
}

type pattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

// templateItem is a special token or the text itself.
type templateItem struct {
	SpecialToken *struct{ ID string }
	Sequence     *struct{ ID string }
}

// steps are a part's own parts, or itself.
func steps(raw json.RawMessage) (out []part, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var p part
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if p.Type != "Sequence" {
		return []part{p}, nil
	}
	for _, inner := range slices.Concat(p.Normalizers, p.PreTokenizers, p.Processors, p.Decoders) {
		s, err := steps(inner)
		if err != nil {
			return nil, err
		}
		out = append(out, s...)
	}
	return out, nil
}

func readNormalizer(raw json.RawMessage) (func(string) string, error) {
	list, err := steps(raw)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var all []func(string) string
	for _, p := range list {
		switch {
		case p.Type == "NFC":
			all = append(all, nfc)
		case p.Type == "Prepend":
			all = append(all, func(text string) string {
				if text == "" {
					return ""
				}
				return p.Prepend + text
			})
		case p.Type == "Replace" && p.Pattern != nil && p.Pattern.String != nil && *p.Pattern.String != "":
			all = append(all, func(text string) string { return strings.ReplaceAll(text, *p.Pattern.String, p.Content) })
		default:
			return nil, fmt.Errorf("%q is not supported: NFC, Prepend and Replace of a string are", p.Type)
		}
	}
	return func(text string) string {
		for _, f := range all {
			text = f(text)
		}
		return text
	}, nil
}

func (t *Tokenizer) readPreTokenizer(f *file) error {
	list, err := steps(f.PreTokenizer)
	if err != nil {
		return err
	}
	if s := newSeams(t.bpe); len(list) == 0 && s != nil {
		t.split = s.split
	}
	for i, p := range list {
		switch {
		case p.Type == "Split" && i == 0 && t.split == nil:
			if t.split, err = p.splitter(); err != nil {
				return err
			}
		case p.Type == "ByteLevel" && i == len(list)-1:
			if p.AddPrefixSpace {
				return errors.New("add_prefix_space true is not supported")
			}
			if p.UseRegex == nil || *p.UseRegex {
				if t.split != nil {
					return errors.New("a Split before a ByteLevel with use_regex is not supported")
				}
				t.split = splitGPT2
			}
			t.readBytes()
		case p.Type == "Metaspace" && len(list) == 1:
			return t.readMetaspace(p)
		default:
			return fmt.Errorf("%q in this place is not supported: a Split by the rule of Qwen2 or Llama 3, ByteLevel and Metaspace are", p.Type)
		}
	}
	return nil
}

func (p *part) splitter() (splitter, error) {
	if p.Pattern == nil || p.Pattern.Regex == nil || p.Behavior != "Isolated" || p.Invert {
		return nil, errors.New("only a Split by a Regex with behavior Isolated is supported")
	}
	s, ok := splitters[*p.Pattern.Regex]
	if !ok {
		return nil, fmt.Errorf("the rule %s is not supported: those of GPT-2, Qwen2 and Llama 3 are", *p.Pattern.Regex)
	}
	return s, nil
}

// readBytes makes the vocabulary one of bytes.
func (t *Tokenizer) readBytes() {
	t.bpe.byteLevel = true
	for i := range t.bpe.bytes {
		t.bpe.bytes[i] = t.bpe.idOf(string(letters[i]))
	}
}

// readMetaspace writes spaces as a letter of their own. With split, which pieces the merges
// see is decided by that letter.
func (t *Tokenizer) readMetaspace(p part) error {
	if p.Scheme == "first" {
		return errors.New("prepend_scheme first is not supported: always and never are")
	}
	prepend := p.Scheme == "always" || p.Scheme == "" && p.AddPrefixSpace
	before := t.normalize
	t.normalize = func(text string) string {
		if before != nil {
			text = before(text)
		}
		text = strings.ReplaceAll(text, " ", p.Replacement)
		if prepend && text != "" && !strings.HasPrefix(text, p.Replacement) {
			text = p.Replacement + text
		}
		return text
	}
	t.split = func(text string) int {
		if i := strings.Index(text[1:], p.Replacement); i >= 0 {
			return i + 1
		}
		return len(text)
	}
	return nil
}

func (t *Tokenizer) readPostProcessor(f *file) error {
	list, err := steps(f.PostProcessor)
	if err != nil {
		return err
	}
	for _, p := range list {
		switch p.Type {
		case "ByteLevel": // moves offsets alone
		case "TemplateProcessing":
			if err := t.readTemplate(p); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is not supported: ByteLevel and TemplateProcessing are", p.Type)
		}
	}
	return nil
}

func (t *Tokenizer) readTemplate(p part) error {
	after := false
	for _, item := range p.Single {
		if item.Sequence != nil {
			after = true
			continue
		}
		if item.SpecialToken == nil {
			return errors.New("an item of the template is neither a token nor the text")
		}
		var token struct {
			IDs []negativa.Token `json:"ids"`
		}
		if err := json.Unmarshal(p.SpecialTokens[item.SpecialToken.ID], &token); err != nil {
			return fmt.Errorf("special token %q of the template: %w", item.SpecialToken.ID, err)
		}
		if after {
			t.suffix = append(t.suffix, token.IDs...)
		} else {
			t.prefix = append(t.prefix, token.IDs...)
		}
	}
	return nil
}

func (t *Tokenizer) readDecoder(f *file) error {
	list, err := steps(f.Decoder)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("there is none, and tokens joined by spaces are no text: a decoder is needed")
	}
	d := &t.decoder
	for _, p := range list {
		switch {
		case p.Type == "ByteLevel" && len(list) == 1:
			d.byteLevel = true
		case p.Type == "Replace" && p.Pattern != nil && p.Pattern.String != nil && d.replace[0] == "" && !d.fallback:
			d.replace = [2]string{*p.Pattern.String, p.Content}
		case p.Type == "Metaspace":
			d.replace = [2]string{p.Replacement, " "}
			if p.Scheme != "never" {
				d.strip = 1
			}
		case p.Type == "ByteFallback":
			d.fallback = true
		case p.Type == "Fuse":
		case p.Type == "Strip" && p.Content == " " && p.Stop == 0:
			d.strip = p.Start
		default:
			return fmt.Errorf("%q in this place is not supported: ByteLevel, Metaspace, or Replace, ByteFallback, Fuse and Strip are", p.Type)
		}
	}
	if d.byteLevel {
		for id, piece := range t.pieces {
			t.pieces[id] = bytesOf(piece)
		}
	}
	return nil
}
