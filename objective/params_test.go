package objective

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestImpossibleNumbersAreRefused(t *testing.T) {
	for _, c := range []struct {
		change func(p *Params)
		want   string // key, value and range
	}{
		{func(p *Params) { p.Lambda = -0.1 }, "lambda is -0.1; it must be a finite number, 0 or above"},
		{func(p *Params) { p.Lambda = math.Inf(1) }, "lambda is +Inf"},
		{func(p *Params) { p.Epsilon = 0 }, "epsilon is 0; it must be in (0, 1], where 1 is no clip"},
		{func(p *Params) { p.Epsilon = -0.2 }, "epsilon is -0.2"},
		{func(p *Params) { p.Epsilon = 1.1 }, "epsilon is 1.1"},
		{func(p *Params) { p.EpsilonHigh = 0 }, "epsilon_high is 0; it must be positive"},
		{func(p *Params) { p.EpsilonHigh = math.Inf(1) }, "epsilon_high is +Inf"},
		{func(p *Params) { p.Delta = 1.2 }, "delta is 1.2; it must be 0 (off) or above 1 + epsilon_high"},
		{func(p *Params) { p.Delta = -3 }, "delta is -3"},
		{func(p *Params) { p.Level = "word" }, "importance_sampling_level is word; it must be token, sequence or sequence-mean"},
		{func(p *Params) { p.Beta = -1 }, "beta is -1"},
		{func(p *Params) { p.KLEstimator = "k4" }, "kl_estimator is k4; it must be k1, k2 or k3"},
		{func(p *Params) { p.KLIn = "" }, "kl_in is ; it must be loss or reward"},
		{func(p *Params) { p.EntropyCoef = math.Inf(-1) }, "entropy_coef is -Inf"},
		{func(p *Params) { p.ScaleRewards = "std" }, "scale_rewards is std; it must be group, batch or none"},
		{func(p *Params) { p.HICRAAlpha = 1.1 }, "hicra_alpha is 1.1; it must be in [0, 1]"},
		{func(p *Params) { p.Normaliser = "mean" }, "normaliser is mean; it must be one of [token-mean"},
		{func(p *Params) { p.Over = "some" }, "normaliser_over is some; it must be kept or all"},
		{func(p *Params) { p.MaxCompletionLength = 0 }, "max_completion_length is 0; it must be at least 1"},
		{func(p *Params) { p.Gamma = 1.01 }, "gamma is 1.01; it must be in [0, 1]"},
		{func(p *Params) { p.Lam = -0.01 }, "lam is -0.01; it must be in [0, 1]"},
		{func(p *Params) { p.VFCoef = -1 }, "vf_coef is -1"},
		{func(p *Params) { p.CliprangeValue = 0 }, "cliprange_value is 0; it must be positive"},
	} {
		p := standard()
		c.change(&p)
		if _, err := New("ppo", p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// Numbers that contradict what an objective is.
func TestContradictionsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *Params)
		want   string
	}{
		"ppo":   {func(p *Params) { p.Level = SequenceLevel }, "importance_sampling_level is sequence; ppo"},
		"hicra": {func(p *Params) { p.Level = SequenceMeanLevel }, "importance_sampling_level is sequence-mean; hicra"},
		"nsr":   {func(p *Params) { p.Beta, p.KLIn = 0.1, InReward }, "kl_in is reward; nsr"},
	} {
		p := standard()
		c.change(&p)
		if _, err := New(name, p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		p.Level, p.KLIn = TokenLevel, InLoss
		if _, err := New(name, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No number may be NaN, those of later fields included.
func TestNaNIsRefused(t *testing.T) {
	for field := range reflect.TypeFor[Params]().Fields() {
		if field.Type.Kind() != reflect.Float64 {
			continue
		}
		p := standard()
		reflect.ValueOf(&p).Elem().FieldByIndex(field.Index).SetFloat(math.NaN())
		if _, err := New("nsr", p); err == nil || !strings.Contains(err.Error(), "is NaN") {
			t.Errorf("%s = NaN: error %v", field.Name, err)
		}
	}
}

func TestUnknownNamesSuggestTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"nrs": "nsr", "gpro": "grpo", "drgrpo": "dr-grpo", "dr_grpo": "dr-grpo",
		"wreinforce": "w-reinforce", "Reinforce": "reinforce", "rlo": "rloo", "": "psr",
	} {
		_, err := New(name, standard())
		if err == nil || !strings.Contains(err.Error(), `did you mean "`+want+`"?`) {
			t.Errorf("%q: error %v, want a suggestion of %q", name, err, want)
		}
	}
}

// Every objective accepts its own numbers and says what it computes and whence.
func TestDefaultsAreComplete(t *testing.T) {
	for _, name := range Names() {
		o := byDefault(t, name)
		again, err := New(name, o.Params)
		if err != nil {
			t.Errorf("%s refuses its own numbers: %v", name, err)
		}
		if again.Name != name || again.Params != o.Params || !strings.Contains(o.Formula, "L = ") || !strings.Contains(o.Source, "arXiv") {
			t.Errorf("%s: %+v", name, again)
		}
	}
}
