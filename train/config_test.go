package train

import (
	"math"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/objective"
)

func TestImpossibleValuesAreRefused(t *testing.T) {
	number := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Objective = "nrs" }, `did you mean "nsr"?`},
		{func(c *Config) { c.MaxSteps = 0 }, "max_steps is 0; it must be at least 1"},
		{func(c *Config) { c.PromptsPerStep = 0 }, "prompts_per_step is 0"},
		{func(c *Config) { c.PromptsPerStep = 1<<20 + 1 }, "prompts_per_step is 1048577"},
		{func(c *Config) { c.NumGenerations = 0 }, "num_generations is 0"},
		{func(c *Config) { c.Objective, c.NumGenerations = "grpo", 1 }, "num_generations is 1; it must be at least 2 for grpo"},
		{func(c *Config) { c.NumMiniBatches = 0 }, "num_mini_batches is 0; it must"},
		{func(c *Config) { c.NumMiniBatches = 17 }, "num_mini_batches is 17; it must"},
		{func(c *Config) { c.NumMiniBatches = 3 }, "num_mini_batches is 3; it must divide prompts_per_step × num_generations = 16"},
		{func(c *Config) { c.NumIterations = 0 }, "num_iterations is 0"},
		{func(c *Config) { c.Optimizer = "adam" }, "optimizer is adam; it must be adamw or sgd"},
		{func(c *Config) { c.LearningRate = -1e-4 }, "learning_rate is -0.0001"},
		{func(c *Config) { c.LearningRate = math.NaN() }, "learning_rate is NaN"},
		{func(c *Config) { c.AdamBeta1 = 1 }, "adam_beta1 is 1; it must be in [0, 1)"},
		{func(c *Config) { c.AdamBeta2 = -0.1 }, "adam_beta2 is -0.1"},
		{func(c *Config) { c.AdamEpsilon = 0 }, "adam_epsilon is 0; it must be positive"},
		{func(c *Config) { c.WeightDecay = math.Inf(1) }, "weight_decay is +Inf"},
		{func(c *Config) { c.MaxGradNorm = -1 }, "max_grad_norm is -1"},
		{func(c *Config) { c.Temperature = 0 }, "temperature is 0; it must be a finite positive number"},
		{func(c *Config) { c.TopK = -1 }, "top_k is -1"},
		{func(c *Config) { c.TopP = 0 }, "top_p is 0; it must be in (0, 1]"},
		{func(c *Config) { c.TopP = 1.01 }, "top_p is 1.01"},
		{func(c *Config) { c.TopP = math.NaN() }, "top_p is NaN"},
		{func(c *Config) { c.MinP = -0.1 }, "min_p is -0.1; it must be in [0, 1]"},
		{func(c *Config) { c.MaxCompletionLength = -1 }, "max_completion_length is -1"},
		{func(c *Config) { c.Threads = -1 }, "threads is -1"},
		{func(c *Config) { c.MicroBatchTokens = 0 }, "micro_batch_tokens is 0"},
		{func(c *Config) { c.DType = "fp8" }, "dtype is fp8; it must be f32 or bf16"},
		{func(c *Config) { c.RefSyncSteps = -1 }, "ref_model_sync_steps is -1"},
		{func(c *Config) { c.RefSyncPatience = -1 }, "ref_model_sync_patience is -1"},
		{func(c *Config) { c.SaveSteps = -1 }, "save_steps is -1"},
		{func(c *Config) { c.RolloutSteps = -1 }, "rollout_steps is -1"},
		{func(c *Config) { c.Lambda = number(-0.1) }, "lambda is -0.1"},
		{func(c *Config) { c.Epsilon = number(0) }, "epsilon is 0; it must be in (0, 1], where 1 is no clip"},
		{func(c *Config) { c.EpsilonHigh = number(-0.2) }, "epsilon_high is -0.2"},
		{func(c *Config) { c.Delta = number(1.1) }, "delta is 1.1; it must be 0 (off) or above 1 + epsilon_high"},
		{func(c *Config) { c.Beta = number(-1) }, "beta is -1"},
		{func(c *Config) { c.Level = "row" }, "importance_sampling_level is row"},
		{func(c *Config) { c.KLEstimator = "k0" }, "kl_estimator is k0"},
		{func(c *Config) { c.KLIn = "both" }, "kl_in is both"},
		{func(c *Config) { c.ScaleRewards = "true" }, "scale_rewards is true"},
		{func(c *Config) { c.Normaliser = "sum" }, "normaliser is sum"},
		{func(c *Config) { c.NormaliserOver = "wrong" }, "normaliser_over is wrong"},
		{func(c *Config) { c.Gamma = number(2) }, "gamma is 2"},
		{func(c *Config) { c.CliprangeValue = number(0) }, "cliprange_value is 0"},
	} {
		config := small("nsr")
		c.change(&config)
		if _, _, err := config.Resolve(14); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// A run's config.yaml read again is the config it was written from, and is written as the
// same bytes.
func TestYAMLRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := small(rapid.SampledFrom(objective.Names()).Draw(t, "objective"))
		c.LearningRate = rapid.Float64Range(0, math.MaxFloat64).Draw(t, "learning_rate")
		c.AdamEpsilon = rapid.Float64Range(math.SmallestNonzeroFloat64, 1).Draw(t, "adam_epsilon")
		beta := rapid.Float64Range(0, 1e20).Draw(t, "beta")
		c.Beta = &beta
		c.Seed = rapid.Uint64().Draw(t, "seed")
		c.MaskTruncated = rapid.Bool().Draw(t, "mask_truncated_completions")
		c.OutputDir = rapid.SampledFrom([]string{
			"", "runs/a b", "yes", "null", "~", "1e3", "007", "a: b #c", "- x", `c:\runs`, "'q'", `"q"`, "{x}", "*x", "ü/λ",
		}).Draw(t, "output_dir")
		checkRoundTrip(t, c)
	})
}

func checkRoundTrip(t *rapid.T, c Config) {
	resolved, text := resolvedYAML(t, c)
	var again Config
	if err := yaml.UnmarshalWithOptions(text, &again, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(resolved, again); diff != "" {
		t.Fatalf("%s\n%s", diff, text)
	}
	if _, textAgain := resolvedYAML(t, again); string(textAgain) != string(text) {
		t.Fatalf("written again: %s", cmp.Diff(string(text), string(textAgain)))
	}
}

func resolvedYAML(t *rapid.T, c Config) (Config, []byte) {
	resolved, o, err := c.Resolve(14)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resolved.YAML(o)
	if err != nil {
		t.Fatal(err)
	}
	return resolved, text
}

// The objective's numbers hold where the config is silent, and the config's elsewhere; a
// lone epsilon moves both ends of the clip.
func TestResolveFillsInTheObjectivesNumbers(t *testing.T) {
	for _, name := range objective.Names() {
		byDefault, err := objective.Default(name)
		if err != nil {
			t.Fatal(err)
		}
		c := small(name)
		c.MaxCompletionLength = 0
		resolved, o, err := c.Resolve(14)
		if err != nil {
			t.Fatal(err)
		}
		want := byDefault.Params
		want.MaxCompletionLength = 14
		if o.Params != want || resolved.MaxCompletionLength != 14 {
			t.Errorf("%s: %s", name, cmp.Diff(want, o.Params))
		}
	}
	third := 0.3
	c := small("nsr")
	c.Epsilon = &third
	if _, o, err := c.Resolve(14); err != nil || o.Params.Epsilon != third || o.Params.EpsilonHigh != third {
		t.Errorf("epsilon 0.3 gives the clip [1 − %v, 1 + %v], %v", o.Params.Epsilon, o.Params.EpsilonHigh, err)
	}
}

// Every number that a config sets reaches its place.
func TestNoSettingIsLost(t *testing.T) {
	number := func(x float64) *float64 { return &x }
	c := Config{
		Objective: "w-reinforce", MaxSteps: 1, PromptsPerStep: 1, NumGenerations: 1, NumMiniBatches: 1, NumIterations: 1, MicroBatchTokens: 1, DType: "bf16",
		Optimizer: "sgd", LearningRate: 0.1, AdamBeta1: 0.2, AdamBeta2: 0.3, AdamEpsilon: 0.4, WeightDecay: 0.5, MaxGradNorm: 0.6,
		Temperature: 0.7, TopK: 8, TopP: 0.9, MinP: 0.11, MaxCompletionLength: 12,
		Lambda: number(0.13), HICRAAlpha: number(0.24), HICRATokens: "placebo", Epsilon: number(0.14), EpsilonHigh: number(0.15), Delta: number(16), Level: "sequence",
		Beta: number(0.17), KLEstimator: "k2", KLIn: "loss", EntropyCoef: number(0.18), ScaleRewards: "batch",
		Normaliser: "constant", NormaliserOver: "kept", Gamma: number(0.19), Lam: number(0.21), VFCoef: number(0.22), CliprangeValue: number(0.23),
	}
	resolved, o, err := c.Resolve(99)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(objective.Params{
		Lambda: 0.13, HICRAAlpha: 0.24, Epsilon: 0.14, EpsilonHigh: 0.15, Delta: 16, Level: "sequence",
		Beta: 0.17, KLEstimator: "k2", KLIn: "loss", EntropyCoef: 0.18, ScaleRewards: "batch",
		Normaliser: "constant", Over: "kept", MaxCompletionLength: 12, Gamma: 0.19, Lam: 0.21, VFCoef: 0.22, CliprangeValue: 0.23,
	}, o.Params); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(engine.SampleParams{
		MaxTokens: 12, Temperature: 0.7, TopK: 8, TopP: 0.9, MinP: 0.11, Stop: []negativa.Token{3},
	}, resolved.sampling(3)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(engine.OptimParams{
		Optimizer: "sgd", LearningRate: 0.1, Beta1: 0.2, Beta2: 0.3, Epsilon: 0.4, WeightDecay: 0.5, MaxGradNorm: 0.6,
	}, resolved.optimizer()); diff != "" {
		t.Error(diff)
	}
}
