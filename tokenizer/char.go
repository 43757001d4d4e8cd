package tokenizer

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
)

// endOfSequence ends every completion of a model made here. It has id 0.
const endOfSequence = "<eos>"

// charFile is the tokenizer.json of an alphabet, which transformers, tokenizers and vLLM
// open: a byte-pair encoding without merges, so that every character stays a token.
type charFile struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         charModel       `json:"model"`
}

type charModel struct {
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

// Char makes the tokenizer of an alphabet: <eos> is 0, the characters follow in order.
// Repeated characters count once.
func Char(alphabet string) *Tokenizer {
	runes := []rune(alphabet)
	slices.Sort(runes)
	vocab := map[string]negativa.Token{endOfSequence: 0}
	for i, r := range slices.Compact(runes) {
		vocab[string(r)] = negativa.Token(i + 1)
	}
	null := json.RawMessage("null")
	t, err := parse(indented(charFile{
		Version: "1.0", Truncation: null, Padding: null, Normalizer: null, PreTokenizer: null, PostProcessor: null,
		Decoder:     json.RawMessage(`{"type":"Fuse"}`),
		AddedTokens: []addedToken{{Content: endOfSequence, Special: true}},
		Model:       charModel{Type: "BPE", Vocab: vocab, Merges: []json.RawMessage{}},
	}))
	if err == nil {
		err = t.configure(indented(map[string]any{
			"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": endOfSequence,
			"clean_up_tokenization_spaces": false, "model_max_length": 1 << 30,
		}))
	}
	if err != nil {
		panic("tokenizer: an alphabet's own file is refused: " + err.Error())
	}
	return t
}

func indented(value any) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err) // plain values
	}
	return []byte(b.String())
}
