package tokenizer

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/negativa-lab/negativa"
)

var folders = []string{"gpt2", "qwen2", "llama3", "llama3-ignore-merges", "bytefallback", "bytefallback-bos"}

func open(t testing.TB, folder string) *Tokenizer {
	t.Helper()
	tok, err := Load(filepath.Join("testdata", folder))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// each reads a compressed file of JSON lines; a tokenizer need not have every file.
func each[T any](t testing.TB, folder, name string, use func(line T)) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", folder, name+".jsonl.gz"))
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line T
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		use(line)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

type textCase struct {
	Text        string
	IDs         []negativa.Token
	WithSpecial []negativa.Token `json:"ids_with_special"`
	Decoded     string
	Skipped     string `json:"decoded_skip"`
}

// Ids and texts are those of the tokenizers library.
func TestTextsAgreeWithHuggingFace(t *testing.T) {
	for _, folder := range folders {
		tok, n, bad := open(t, folder), 0, 0
		for _, name := range []string{"cases", "hard"} {
			each(t, folder, name, func(c textCase) {
				n++
				if c.WithSpecial == nil {
					c.WithSpecial = c.IDs
				}
				ids, err := tok.Encode(c.Text)
				special, err2 := tok.EncodeSpecial(c.Text)
				switch {
				case err != nil || err2 != nil:
					t.Errorf("%s: %q: %v, %v", folder, c.Text, err, err2)
				case !slices.Equal(ids, c.IDs):
					t.Errorf("%s: %q is %v, want %v", folder, c.Text, ids, c.IDs)
				case !slices.Equal(special, c.WithSpecial):
					t.Errorf("%s: %q with special tokens is %v, want %v", folder, c.Text, special, c.WithSpecial)
				case tok.DecodeSpecial(c.IDs) != c.Decoded:
					t.Errorf("%s: %v decodes to %q, want %q", folder, c.IDs, tok.DecodeSpecial(c.IDs), c.Decoded)
				case tok.Decode(c.IDs) != c.Skipped:
					t.Errorf("%s: %v without special tokens decodes to %q, want %q", folder, c.IDs, tok.Decode(c.IDs), c.Skipped)
				default:
					return
				}
				if bad++; bad > 10 {
					t.FailNow()
				}
			})
		}
		if n < 2400 {
			t.Errorf("%s: only %d cases", folder, n)
		}
	}
}

// What models emit decodes as there: random ids, lone bytes, cut characters.
func TestIDsDecodeAsInHuggingFace(t *testing.T) {
	type idCase struct {
		IDs              []negativa.Token
		Decoded          string
		Skipped          string `json:"decoded_skip"`
		Chunks, Skipping []json.RawMessage
	}
	for _, folder := range folders {
		tok := open(t, folder)
		byteLevel := !strings.HasPrefix(folder, "bytefallback")
		for _, name := range []string{"decode", "stream"} {
			each(t, folder, name, func(c idCase) {
				if name == "decode" && tok.DecodeSpecial(c.IDs) != c.Decoded {
					t.Errorf("%s: %v decodes to %q, want %q", folder, c.IDs, tok.DecodeSpecial(c.IDs), c.Decoded)
				}
				if name == "decode" && tok.Decode(c.IDs) != c.Skipped {
					t.Errorf("%s: %v without special tokens decodes to %q, want %q", folder, c.IDs, tok.Decode(c.IDs), c.Skipped)
				}
				s := tok.Stream(false)
				var whole strings.Builder
				for i, id := range c.IDs {
					got := s.Push(id)
					whole.WriteString(got)
					if !byteLevel {
						continue
					}
					var want string
					if err := json.Unmarshal(c.Chunks[i], &want); err != nil {
						t.Fatal(err)
					}
					if got != want {
						t.Errorf("%s: %v: chunk %d is %q, want %q", folder, c.IDs, i, got, want)
						return
					}
				}
				whole.WriteString(s.Flush())
				if want := tok.DecodeSpecial(c.IDs); whole.String() != want {
					t.Errorf("%s: %v streams as %q, decodes to %q", folder, c.IDs, whole.String(), want)
				}
			})
		}
	}
}

func TestMergesInBothForms(t *testing.T) {
	raw, err := os.ReadFile("testdata/qwen2/tokenizer-merges-as-strings.json")
	if err != nil {
		t.Fatal(err)
	}
	older, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	now := open(t, "qwen2")
	each(t, "qwen2", "cases", func(c textCase) {
		a, _ := now.Encode(c.Text)
		if b, err := older.Encode(c.Text); err != nil || !slices.Equal(a, b) {
			t.Errorf("%q is %v, and %v with merges as strings (%v)", c.Text, a, b, err)
		}
	})
}

func TestUnigramIsRefused(t *testing.T) {
	if _, err := Load("testdata/unigram"); err == nil || !strings.Contains(err.Error(), "Unigram") || !strings.Contains(err.Error(), "BPE") {
		t.Errorf("a unigram tokenizer: error %v", err)
	}
}

// Classes of characters and their composition are those of the splitting rules' Unicode.
func TestClassesOfEveryCodePoint(t *testing.T) {
	raw, err := os.ReadFile("testdata/classes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var want struct {
		L, N, S [][2]rune
		NFC     map[string]string
	}
	for key, into := range map[string]any{`\p{L}`: &want.L, `\p{N}`: &want.N, `\s`: &want.S, "nfc_of_single_code_points": &want.NFC} {
		if err := json.Unmarshal(file[key], into); err != nil {
			t.Fatal(err)
		}
	}
	in := func(ranges [][2]rune, r rune) bool {
		i, _ := slices.BinarySearchFunc(ranges, r, func(x [2]rune, r rune) int { return int(x[1] - r) })
		return i < len(ranges) && ranges[i][0] <= r
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if 0xd800 <= r && r <= 0xdfff {
			continue
		}
		class := other
		switch {
		case in(want.L, r):
			class = letter
		case in(want.N, r):
			class = number
		case in(want.S, r):
			class = space
		}
		if got := classOfRune(r); got != class {
			t.Errorf("%U is of class %d, want %d", r, got, class)
		}
		composed, ok := want.NFC[fmt.Sprintf("%04X", r)]
		if !ok {
			composed = string(r)
		}
		if got := nfc(string(r)); got != composed {
			t.Errorf("NFC of %U is %q, want %q", r, got, composed)
		}
	}
}

// No text is a list of no tokens, whatever is put around one.
func TestNothingIsAList(t *testing.T) {
	for _, encode := range []func(string) ([]negativa.Token, error){open(t, "gpt2").Encode, open(t, "gpt2").EncodeSpecial, open(t, "gpt2").EncodePrompt} {
		if tokens, err := encode(""); err != nil || tokens == nil || len(tokens) > 0 {
			t.Errorf("no text is %#v (%v)", tokens, err)
		}
	}
}

// A prompt begins with what the tokenizer puts in front, once.
func TestPromptsBeginOnce(t *testing.T) {
	tok := open(t, "llama3")
	plain, err := tok.EncodePrompt("Hello")
	if err != nil {
		t.Fatal(err)
	}
	written, err := tok.EncodePrompt("<|begin_of_text|>Hello")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plain, written) || plain[0] != tok.prefix[0] {
		t.Errorf("a prompt is %v, and %v where its beginning is written", plain, written)
	}
}
