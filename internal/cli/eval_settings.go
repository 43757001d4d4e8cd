package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/nearest"
)

// presetName is the name of one of presets.
type presetName string

// preset is the settings of a published evaluation.
type preset struct {
	n, maxTokens      int
	temperature, topP float64
	template          string
}

var presets = map[presetName]preset{
	// eval.sh and eval.py of the code of 2506.01347.
	"rlvr-decomposed": {n: 256, maxTokens: 4096, temperature: 0.6, topP: 0.95, template: "qwen-boxed"},
}

// settings are what flags, preset and defaults come to.
type settings struct {
	n           int // 0: not said
	maxTokens   int // 0: not said
	temperature float64
	topP        float64
	template    *template // nil: not said
	preset      string    // its name and the flags that won over it
}

// settle lets flags win over the preset, and the preset over the defaults.
func (c *evalCommand) settle() (settings, error) {
	s := settings{temperature: 1, topP: 1}
	var name string
	if c.Preset != "" {
		p, ok := presets[c.Preset]
		if !ok {
			names := slices.Sorted(maps.Keys(presets))
			known := make([]string, len(names))
			for i, n := range names {
				known[i] = string(n)
			}
			return s, fmt.Errorf("preset %q is not known: did you mean %q?", c.Preset, nearest.To(string(c.Preset), known))
		}
		s = settings{n: p.n, maxTokens: p.maxTokens, temperature: p.temperature, topP: p.topP}
		name = p.template
	}
	for _, f := range []struct {
		name  string
		value *int
	}{{"n", c.N}, {"max_completion_length", c.MaxCompletionLength}} {
		if f.value != nil && *f.value < 1 {
			return s, fmt.Errorf("%s is %d; it must be at least 1", f.name, *f.value)
		}
	}
	var won []string
	won = override(won, "n", &s.n, c.N)
	won = override(won, "max_completion_length", &s.maxTokens, c.MaxCompletionLength)
	won = override(won, "temperature", &s.temperature, c.Temperature)
	won = override(won, "top_p", &s.topP, c.TopP)
	won = override(won, "prompt_template", &name, c.PromptTemplate)
	won = override(won, "top_k", new(0), &c.TopK)
	won = override(won, "min_p", new(0.0), &c.MinP)
	if c.Preset != "" {
		s.preset = strings.Join(append([]string{string(c.Preset)}, won...), " but ")
	}
	if name != "" {
		t, err := newTemplate(name)
		if err != nil {
			return s, err
		}
		s.template = &t
	}
	return s, nil
}

// override gives a setting the flag's value, if there is one, and notes what it changes.
func override[T comparable](won []string, key string, setting, flag *T) []string {
	if flag == nil || *flag == *setting {
		return won
	}
	*setting = *flag
	return append(won, fmt.Sprintf("%s %v", key, *flag))
}

// sampling is how completions of these problems are drawn.
func (c *evalCommand) sampling(s settings, q questions) eval.Sampling {
	return eval.Sampling{
		Temperature: s.temperature, TopP: s.topP, TopK: c.TopK, MinP: c.MinP, Seed: c.Seed,
		MaxTokens: cmp.Or(s.maxTokens, q.maxTokens), PromptTemplate: q.template,
	}
}
