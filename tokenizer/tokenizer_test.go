package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
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
		"merges":          {`"merges": []`, `"merges": ["a b"]`, "merges: entry 0"},
		"duplicate ids":   {`"b": 2`, `"b": 1`, "both have id 1"},
		"negative id":     {`"b": 2`, `"b": -2`, "-2"},
		"an empty merge":  {`"merges": []`, `"merges": ["a"]`, "merges: entry 0"},
		"no decoder":      {"{\n    \"type\": \"Fuse\"\n  }", "null", "decoder"},
		"a pre-tokenizer": {`"pre_tokenizer": null`, `"pre_tokenizer": {"type":"Whitespace"}`, "pre_tokenizer: \"Whitespace\""},
		"another rule":    {`"pre_tokenizer": null`, `"pre_tokenizer": {"type":"Split","behavior":"Isolated","pattern":{"Regex":"x+"}}`, "the rule x+"},
		"a normalizer":    {`"normalizer": null`, `"normalizer": {"type":"Lowercase"}`, "normalizer: \"Lowercase\""},
		"a processor":     {`"post_processor": null`, `"post_processor": {"type":"BertProcessing"}`, "post_processor: \"BertProcessing\""},
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

func TestAnUnknownEndOfTextIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := Char("ab").Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tokenizer_config.json")
	if err := os.WriteFile(path, []byte(`{"eos_token": "</s>"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "</s>") || !strings.Contains(err.Error(), path) {
		t.Errorf("error = %v, want one that names </s> and the file", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"model":{"type":"BPE","vocab":{"<eos>":0,"a":1},"merges":[]},"decoder":{"type":"Fuse"}}`)
	for _, folder := range folders {
		raw, err := os.ReadFile(filepath.Join("testdata", folder, "tokenizer.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Fuzz(func(t *testing.T, content string) {
		tok, err := parse([]byte(content))
		if err != nil {
			return
		}
		tok.Decode([]int32{0, 1, int32(tok.VocabSize())})
		if ids, err := tok.EncodeSpecial("a<b> é\u0301 \xff\n\n12345 it's"); err == nil {
			tok.DecodeSpecial(ids)
		}
	})
}

// Byte-level tokenizers lose nothing, merged with a queue or without, in cache or not.
func FuzzByteLevelRoundTrip(f *testing.F) {
	f.Add("it's 12345\r\n  x <|im_end|>", uint8(3))
	f.Add("\xff\xc3(é)", uint8(40))
	tok := open(f, "gpt2")
	f.Fuzz(func(t *testing.T, text string, times uint8) {
		text = strings.Repeat(text, int(times%64))
		once, err := tok.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := tok.Encode(text)
		if !slices.Equal(once, again) {
			t.Fatalf("%q has two encodings", text)
		}
		if got := tok.DecodeSpecial(once); got != lossy(text) {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

// Both ways of merging are the same way.
func TestQueueMergesAsScanDoes(t *testing.T) {
	for _, folder := range folders {
		tok := open(t, folder)
		each(t, folder, "hard", func(c textCase) {
			var short, long merger
			if short.begin(tok.bpe, c.Text, 0) != nil || len(short.symbols) == 0 || len(c.Text) > 200 {
				return
			}
			if err := long.begin(tok.bpe, c.Text, 0); err != nil {
				t.Fatal(err)
			}
			short.mergeShort(tok.bpe)
			long.mergeLong(tok.bpe)
			if !slices.Equal(short.symbols, long.symbols) {
				t.Errorf("%s: %q is merged in two ways", folder, c.Text)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	text := strings.Repeat("Let $x$ and $y$ be real numbers such that $\\frac{1}{x} + \\frac{1}{y} = 12$. We know that the sum\n"+
		"of the roots equals -b/a, so it's $\\boxed{\\frac{3}{4}}$ and therefore there are 1024 solutions in total.\n\n", 400)
	for _, folder := range folders {
		b.Run(folder, func(b *testing.B) {
			tok := open(b, folder)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := tok.Encode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
