package hub

import (
	"slices"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]Spec{
		"hub:openai/gsm8k":                             {Repo{Dataset, "openai/gsm8k", "main"}, "", ""},
		"hub:openai/gsm8k/main:test":                   {Repo{Dataset, "openai/gsm8k", "main"}, "main", "test"},
		"hub:o/n@v1.0":                                 {Repo{Dataset, "o/n", "v1.0"}, "", ""},
		"hub:o/n/c/d@refs/convert/parquet:a@b:c.jsonl": {Repo{Dataset, "o/n", "refs/convert/parquet"}, "c/d", "a@b:c.jsonl"},
		"hub:o/n:data/train-*.parquet":                 {Repo{Dataset, "o/n", "main"}, "", "data/train-*.parquet"},
	} {
		if got, err := ParseSpec(text, Dataset); err != nil || got != want {
			t.Errorf("%s is %+v (%v), want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"hub:", "hub:gsm8k", "hub:o/", "hub:/n", "hub:../..", "hub:o/n@", "hub:o/n:", "hub:o/n/../c", "hub:o/n@../x", "hub:o/n?x", "hub:o/n@/etc", "o/n",
	} {
		if got, err := ParseSpec(text, Dataset); err == nil || !strings.Contains(err.Error(), "hub:ORG/NAME") {
			t.Errorf("%s is %+v (%v), want an error that gives the form", text, got, err)
		}
	}
}

// Listings as the named data sets have them, or had.
var listings = map[string][]string{
	"gsm8k": {
		".gitattributes", "README.md", "main/test-00000-of-00001.parquet", "main/train-00000-of-00001.parquet",
		"socratic/test-00000-of-00001.parquet", "socratic/train-00000-of-00001.parquet",
	},
	"math500":   {".gitattributes", "README.md", "test.jsonl"},
	"deepmath":  {"data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "README.md"},
	"aime2025":  {"README.md", "aime2025-I.jsonl", "aime2025-II.jsonl"},
	"converted": {"default/test/0000.parquet", "default/train/0000.parquet", "default/train/0001.parquet"},
	"script":    {"README.md", "script.py", "dataset_infos.json"},
	"both":      {"train.json", "train.jsonl", "dataset_infos.json"},
}

func TestChoose(t *testing.T) {
	for _, c := range []struct{ listing, spec, want string }{
		{"gsm8k", "hub:o/n/main:test", "main/test-00000-of-00001.parquet"},
		{"gsm8k", "hub:o/n:main/test-00000-of-00001.parquet", "main/test-00000-of-00001.parquet"},
		{"gsm8k", "hub:o/n/main:test-00000-of-00001.parquet", "main/test-00000-of-00001.parquet"},
		{"gsm8k", "hub:o/n:*/test-*", "main/test-00000-of-00001.parquet socratic/test-00000-of-00001.parquet"},
		{"gsm8k", "hub:o/n:README.md", "README.md"},
		{"gsm8k", "hub:o/n", "error: name one of hub:o/n/main:test, hub:o/n/main:train, hub:o/n/socratic:test, hub:o/n/socratic:train"},
		{"gsm8k", "hub:o/n:test", "error: name one of hub:o/n/main:test, hub:o/n/socratic:test"},
		{"gsm8k", "hub:o/n/main@v2", "error: name one of hub:o/n/main@v2:test, hub:o/n/main@v2:train"},
		{"gsm8k", "hub:o/n/main:validation", `error: no data for configuration "main" and file or split "validation"`},
		{"gsm8k", "hub:o/n:x-*", `error: no file matches "x-*"`},
		{"gsm8k", "hub:o/n:[", "error: the pattern"},
		{"math500", "hub:o/n", "test.jsonl"},
		{"deepmath", "hub:o/n", "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet"},
		{"deepmath", "hub:o/n:train", "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet"},
		{"aime2025", "hub:o/n", "error: name one of hub:o/n:aime2025-I, hub:o/n:aime2025-II"},
		{"aime2025", "hub:o/n:aime2025-I", "aime2025-I.jsonl"},
		{"aime2025", "hub:o/n:*.jsonl", "aime2025-I.jsonl aime2025-II.jsonl"},
		{"converted", "hub:o/n/default:train", "default/train/0000.parquet default/train/0001.parquet"},
		{"converted", "hub:o/n", "error: name one of hub:o/n/default:test, hub:o/n/default:train"},
		{"script", "hub:o/n", "error: try its revision refs/convert/parquet"},
		{"both", "hub:o/n", "train.jsonl"},
	} {
		spec, err := ParseSpec(c.spec, Dataset)
		if err != nil {
			t.Fatal(err)
		}
		var files []File
		for _, path := range slices.Backward(listings[c.listing]) {
			files = append(files, File{Path: path})
		}
		chosen, err := spec.Choose(files)
		got := strings.Join(chosen, " ")
		want, fails := strings.CutPrefix(c.want, "error: ")
		if fails && (err == nil || !strings.Contains(err.Error(), want)) || !fails && (err != nil || got != want) {
			t.Errorf("%s of %s is %q (%v), want %q", c.spec, c.listing, got, err, c.want)
		}
	}
}
