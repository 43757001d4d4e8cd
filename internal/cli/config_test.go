package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa/train"
)

// parse reads a config file with flags as the train command does.
func parse(t *testing.T, text string, flags ...string) (train.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var c struct {
		Train trainCommand `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"train", path}, flags...))
	return c.Train.Config, err
}

func defaults(t *testing.T, change func(c *train.Config)) (c train.Config) {
	t.Helper()
	if err := kong.ApplyDefaults(&c); err != nil {
		t.Fatal(err)
	}
	change(&c)
	return c
}

// What the file does not say is the default, and a flag wins over both.
func TestConfigFile(t *testing.T) {
	half, zero := 0.5, 0.0
	for text, want := range map[string]train.Config{
		"":                    defaults(t, func(*train.Config) {}),
		"# nothing\n":         defaults(t, func(*train.Config) {}),
		"max_steps: null\n":   defaults(t, func(*train.Config) {}),
		"output_dir: /a: b\n": defaults(t, func(c *train.Config) { c.OutputDir = "/a: b" }),
		"task: 'null'\n":      defaults(t, func(c *train.Config) { c.Task = "null" }),
		"seed: 18446744073709551615\nlearning_rate: 1e-20": defaults(t, func(c *train.Config) { c.Seed, c.LearningRate = 1<<64-1, 1e-20 }),
		"objective: w-reinforce\nlambda: 0.5\nbeta: 0\n# a comment\nmask_truncated_completions: true\n": defaults(t, func(c *train.Config) {
			c.Objective, c.Lambda, c.Beta, c.MaskTruncated = "w-reinforce", &half, &zero, true
		}),
	} {
		if text == "output_dir: /a: b\n" {
			text = "output_dir: '/a: b'\n"
		}
		got, err := parse(t, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	got, err := parse(t, "max_steps: 7\nseed: 3\n", "--max_steps", "9")
	if err != nil || got.MaxSteps != 9 || got.Seed != 3 {
		t.Errorf("max_steps %d, seed %d, %v", got.MaxSteps, got.Seed, err)
	}
}

func TestConfigFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"learning_rates: 1":                   `key "learning_rates" is not known: did you mean "learning_rate"?`,
		"num_generation: 8":                   `did you mean "num_generations"?`,
		"Lambda: 0.5":                         `did you mean "lambda"?`,
		"1: 2":                                `key "1" is not known`,
		"max_steps: many":                     "max_steps: ",
		"max_steps: 1.5":                      "max_steps: ",
		"seed: -1":                            "seed: ",
		"seed: 99999999999999999999":          "seed: ",
		"max_steps: 3\nmax_steps: 4":          "max_steps",
		"max_steps: [1, 2":                    "[1:",
		"just words":                          "",
		"mask_truncated_completions: 'maybe'": "mask_truncated_completions: ",
		"task: {name: countdown}":             "task: it is a mapping",
	} {
		_, err := parse(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "config.yaml") {
			t.Errorf("%q: %v, want one with the file and %q", text, err, want)
		}
	}
}
