package objective

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
)

// goldenBatch is a batch of rows with what other code makes of it.
type goldenBatch struct {
	Name          string      `json:"name"`
	Objective     string      `json:"objective"`
	Normaliser    string      `json:"normaliser"`
	Over          string      `json:"over"`
	Constant      float64     `json:"constant"`
	LossType      string      `json:"loss_type"`
	ScaleRewards  string      `json:"scale_rewards"`
	Epsilon       float64     `json:"epsilon"`
	EpsilonHigh   float64     `json:"epsilon_high"`
	DualClip      *float64    `json:"dual_clip"`
	Delta         *float64    `json:"delta"`
	Beta          float64     `json:"beta"`
	Normalize     bool        `json:"normalize_advantages"`
	MaxLength     int         `json:"max_completion_length"`
	NumGeneration int         `json:"num_generations"`
	Rewards       []float64   `json:"rewards"`
	Lengths       []int       `json:"lengths"`
	Logprobs      [][]float64 `json:"logprobs"`
	Behaviour     [][]float64 `json:"behaviour_logprobs"`
	Reference     [][]float64 `json:"reference_logprobs"`
	Advantages    []float64   `json:"advantages"`
	Strategy      [][]bool    `json:"strategy"` // tokens of it; nil: none
	Loss          float64     `json:"loss"`
	Gradient      [][]float64 `json:"gradient"`
	Metrics       struct {
		Low    *float64 `json:"clip_ratio/low_mean"`
		High   *float64 `json:"clip_ratio/high_mean"`
		Region *float64 `json:"clip_ratio/region_mean"`
		CISPO  *float64 `json:"cispo_clip_ratio"`
	} `json:"metrics"`
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (g *goldenBatch) groups(rewards []float64) [][]float64 {
	var out [][]float64
	for i := 0; i < len(rewards); i += g.NumGeneration {
		out = append(out, rewards[i:i+g.NumGeneration])
	}
	return out
}

// run is what the objective makes of the batch, every row with one advantage before it is
// spread over the tokens.
func (g *goldenBatch) run(o Objective, advantages []float64) (loss float64, gradient [][]float64, m Metrics) {
	kept := make([]bool, len(advantages))
	for i, a := range advantages {
		kept[i] = !o.Subset || a != 0
	}
	var rows []*negativa.Row
	var evaluations []negativa.Evaluation
	weights, l := o.Weights(g.Lengths, kept), o.Loss()
	for i, lp := range g.Logprobs {
		var strategy []bool
		if g.Strategy != nil {
			strategy = g.Strategy[i]
		}
		row := &negativa.Row{Weight: weights[i], Behaviour: g.Behaviour[i], Advantages: o.Spread(advantages[i], len(lp), strategy)}
		if g.Reference != nil {
			row.Reference = g.Reference[i]
		}
		at := negativa.Evaluation{Logprobs: lp}
		grad := negativa.Evaluation{Logprobs: make([]float64, len(lp))}
		loss += l.Row(row, &at, &grad)
		gradient = append(gradient, grad.Logprobs)
		rows, evaluations = append(rows, row), append(evaluations, at)
	}
	return loss, gradient, o.Measure(rows, evaluations)
}

func repeat(x float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func near(t *testing.T, name string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) <= bound) {
		t.Errorf("%s = %.15g, want %.15g", name, got, want)
	}
}

func (g *goldenBatch) check(t *testing.T, o Objective) (m Metrics) {
	t.Helper()
	advantages := flatten(o.Advantages(g.groups(g.Rewards)))
	for i, a := range g.Advantages {
		near(t, "advantage", advantages[i], a, 1e-12)
	}
	loss, gradient, m := g.run(o, g.Advantages)
	near(t, "loss", loss, g.Loss, 1e-12)
	for i := range gradient {
		for j, d := range gradient[i] {
			near(t, "gradient", d, g.Gradient[i][j], 1e-12)
		}
	}
	return m
}

func TestSignSplitAgreesWithTheFormulas(t *testing.T) {
	var cases []goldenBatch
	read(t, "sign-split.json", &cases)
	for _, g := range cases {
		name := strings.Join([]string{g.Objective, g.Normaliser, g.Over}, "/")
		t.Run(name, func(t *testing.T) {
			o, err := Default(g.Objective)
			if err != nil {
				t.Fatal(err)
			}
			p := o.Params
			p.Epsilon, p.EpsilonHigh, p.Level = g.Epsilon, g.Epsilon, TokenLevel
			p.Normaliser, p.MaxCompletionLength = Normaliser(g.Normaliser), int(g.Constant)
			p.Over = map[string]Over{"rows-kept": Kept, "all-rows": All}[g.Over]
			if g.DualClip != nil {
				p.Delta = *g.DualClip
			}
			if o, err = New(g.Objective, p); err != nil {
				t.Fatal(err)
			}
			g.check(t, o)
		})
	}
}

func TestGRPOAgreesWithTRL(t *testing.T) {
	normalisers := map[string]Normaliser{"grpo": SeqMeanTokenMean, "bnpo": TokenMean, "dapo": TokenMean, "dr_grpo": Constant, "cispo": TokenMean}
	var cases []goldenBatch
	read(t, "trl.json", &cases)
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) {
			name := map[bool]string{true: "reinforce", false: "grpo"}[strings.HasPrefix(g.ScaleRewards, "advantage")]
			kind, _, _ := strings.Cut(g.Name, " ")
			if own := map[string]string{"dapo": "dapo", "gspo": "gspo", "cispo": "cispo"}[kind]; own != "" {
				name = own
			}
			o, err := Default(name)
			if err != nil {
				t.Fatal(err)
			}
			p := o.Params
			p.Epsilon, p.EpsilonHigh, p.Beta = g.Epsilon, g.EpsilonHigh, g.Beta
			p.Normaliser, p.MaxCompletionLength = normalisers[g.LossType], g.MaxLength
			if name != "reinforce" {
				p.ScaleRewards = Scale(g.ScaleRewards)
			}
			if g.Delta != nil {
				p.Delta = *g.Delta
			}
			if o, err = New(name, p); err != nil {
				t.Fatal(err)
			}
			m := g.check(t, o)
			if g.Metrics.CISPO != nil {
				near(t, "cispo_clip_ratio", m.ClipHigh, *g.Metrics.CISPO, 1e-12)
				return
			}
			if p.Level == SequenceMeanLevel {
				return // TRL counts rows there, Metrics count tokens
			}
			near(t, "clip_ratio/low_mean", m.ClipLow, *g.Metrics.Low, 1e-12)
			near(t, "clip_ratio/high_mean", m.ClipHigh, *g.Metrics.High, 1e-12)
			near(t, "clip_ratio/region_mean", m.ClipRegion, *g.Metrics.Region, 1e-12)
		})
	}
}

func TestRLOOAgreesWithTRL(t *testing.T) {
	var cases []goldenBatch
	read(t, "rloo.json", &cases)
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) {
			o, err := Default("rloo")
			if err != nil {
				t.Fatal(err)
			}
			o.Params.Epsilon, o.Params.EpsilonHigh, o.Params.Beta = g.Epsilon, g.EpsilonHigh, g.Beta
			if g.Normalize {
				o.Params.ScaleRewards = ByBatch
			}
			for i, r := range g.Rewards {
				g.Rewards[i] = o.Params.PenalisedReward(r, g.Behaviour[i], g.Reference[i])
			}
			g.check(t, o)
		})
	}
}

func TestAdvantagesAgreeWithRunningTrainers(t *testing.T) {
	var file struct {
		Cases []struct {
			Trainer string `json:"trainer"`
			Options struct {
				ScaleRewards string `json:"scale_rewards"`
				Normalize    bool   `json:"normalize_advantages"`
			} `json:"options"`
			NumGenerations int       `json:"num_generations"`
			Rewards        []float64 `json:"rewards"`
			Advantages     []float64 `json:"advantages"`
		} `json:"cases"`
	}
	read(t, "trl-advantages.json", &file)
	for _, c := range file.Cases {
		name := map[string]string{"GRPOTrainer": "grpo", "RLOOTrainer": "rloo"}[c.Trainer]
		o, err := Default(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "grpo" {
			o.Params.ScaleRewards = Scale(c.Options.ScaleRewards)
		} else if c.Options.Normalize {
			o.Params.ScaleRewards = ByBatch
		}
		g := goldenBatch{NumGeneration: c.NumGenerations}
		got := flatten(o.Advantages(g.groups(c.Rewards)))
		bound := 1e-6
		for _, r := range c.Rewards {
			if r > 2 { // float32 cancels in the trainer
				bound = 1e-3
			}
		}
		for i, want := range c.Advantages {
			near(t, c.Trainer+" advantage", got[i], want, bound)
		}
	}
}

func TestKLAndGAEAgreeWithTheFormulas(t *testing.T) {
	var file struct {
		KL []struct {
			Estimator string      `json:"estimator"`
			Logprobs  [][]float64 `json:"logprobs"`
			Reference [][]float64 `json:"reference_logprobs"`
			Value     [][]float64 `json:"value"`
			Gradient  [][]float64 `json:"gradient_of_sum"`
		} `json:"kl"`
		GAE []struct {
			Gamma      float64   `json:"gamma"`
			Lambda     float64   `json:"lambda"`
			Rewards    []float64 `json:"rewards"`
			Values     []float64 `json:"values"`
			Advantages []float64 `json:"advantages"`
			Returns    []float64 `json:"returns"`
		} `json:"gae"`
	}
	read(t, "kl-gae.json", &file)
	for _, c := range file.KL {
		for i := range c.Value {
			for j, want := range c.Value[i] {
				k, slope := Estimator(c.Estimator).At(c.Logprobs[i][j], c.Reference[i][j])
				near(t, c.Estimator, k, want, 1e-12)
				near(t, c.Estimator+" gradient", slope, c.Gradient[i][j], 1e-12)
			}
		}
	}
	for _, c := range file.GAE {
		advantages, returns := GAE(c.Rewards, c.Values, c.Gamma, c.Lambda)
		for i := range advantages {
			near(t, "advantage", advantages[i], c.Advantages[i], 1e-12)
			near(t, "return", returns[i], c.Returns[i], 1e-12)
		}
	}
}
