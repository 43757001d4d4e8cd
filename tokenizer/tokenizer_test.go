package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const alphabet = "0123456789+-*/=;,:>é漢 "

func TestRoundTrip(t *testing.T) {
	tok := Char(alphabet)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune(alphabet))).Draw(t, "text")
		tokens, err := tok.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Decode(append(tokens, tok.EOS())); got != text {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

func TestSavedTokenizerIsTheSame(t *testing.T) {
	dir := t.TempDir()
	tok := Char(alphabet)
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := tok.Encode(alphabet)
	b, err := again.Encode(alphabet)
	if err != nil || tok.EOS() != again.EOS() || tok.VocabSize() != again.VocabSize() {
		t.Fatalf("loaded tokenizer differs: %v", err)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("character %d has id %d, was %d", i, b[i], a[i])
		}
	}
}

func TestUnknownCharacterIsNamed(t *testing.T) {
	_, err := Char("abc").Encode("abxc")
	if err == nil || !strings.Contains(err.Error(), "'x'") || !strings.Contains(err.Error(), "byte 2") {
		t.Errorf("error = %v, want one that names 'x' at byte 2", err)
	}
}

func TestUnknownIDsDecodeToNothing(t *testing.T) {
	if got := Char("ab").Decode([]int32{-1, 1, 99, 2, 0}); got != "ab" {
		t.Errorf("decoded %q, want \"ab\"", got)
	}
}

func TestBadFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	if err := Char("ab").Save(dir); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"truncated":       {string(good[len(good)/2:]), "", "unexpected end"},
		"another model":   {`"BPE"`, `"Unigram"`, "Unigram"},
		"merges":          {`"merges": []`, `"merges": ["a b"]`, "model.merges"},
		"duplicate ids":   {`"b": 2`, `"b": 1`, "both have id 1"},
		"negative id":     {`"b": 2`, `"b": -2`, "-2"},
		"a word":          {`"b": 2`, `"bb": 2`, "bb"},
		"no eos":          {`"<eos>": 0,`, ``, "<eos>"},
		"a pre-tokenizer": {`"pre_tokenizer": null`, `"pre_tokenizer": {"type":"ByteLevel"}`, "pre_tokenizer"},
		"a normalizer":    {`"normalizer": null`, `"normalizer": {"type":"NFC"}`, "normalizer"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(string(good), c.old, c.new, 1)
			if bad == string(good) {
				t.Fatalf("the file has no %q", c.old)
			}
			path := filepath.Join(dir, "tokenizer.json")
			if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error = %v, want one that names %q and the file", err, c.want)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("a folder without the file: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"model":{"type":"BPE","vocab":{"<eos>":0,"a":1},"merges":[]}}`)
	f.Fuzz(func(t *testing.T, content string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if tok, err := Load(dir); err == nil {
			tok.Decode([]int32{0, 1, int32(tok.VocabSize())})
		}
	})
}
