package train

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Every preset is a config that a run can begin with, of the objective in its name, and the
// pairs differ in what their comments say.
func TestPresets(t *testing.T) {
	if len(Presets()) != 11 {
		t.Fatalf("presets %v", Presets())
	}
	for _, name := range Presets() {
		raw, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		c := small("nsr")
		c.TopP, c.RolloutSteps = 1, 0
		if err := yaml.UnmarshalWithOptions(raw, &c, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resolved, o, err := c.Resolve(1024)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "dapo" {
			if o.Name != name || !resolved.DynamicSampling || *resolved.EpsilonHigh != 0.28 {
				t.Errorf("dapo trains with %+v", resolved)
			}
			continue
		}
		note := PresetNote(name)
		if !strings.Contains(note, "2506.01347") || !strings.Contains(note, "Differs") || strings.Contains(note, "objective:") ||
			strings.Contains(name, "ppo") != strings.Contains(note, "critic") {
			t.Errorf("%s says of itself: %s", name, note)
		}
		base, paper := strings.CutSuffix(strings.TrimPrefix(name, "rlvr-decomposed/"), "-paper")
		if o.Name != base {
			t.Errorf("%s trains with %s", name, o.Name)
		}
		if (*resolved.EntropyCoef == 1e-4) != paper || (resolved.Normaliser == "seq-mean-token-mean") != paper {
			t.Errorf("%s: entropy_coef %v, normaliser %s", name, *resolved.EntropyCoef, resolved.Normaliser)
		}
	}
	if _, err := Preset("rlvr-decomposed/nrs"); err == nil || !strings.Contains(err.Error(), "rlvr-decomposed/nsr") {
		t.Errorf("an unknown preset: %v", err)
	}
}
