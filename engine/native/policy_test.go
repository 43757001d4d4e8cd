package native

import (
	"fmt"
	"math"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

type policyGolden struct {
	Rows []struct {
		Prompt     []int32 `json:"prompt"`
		Completion []int32 `json:"completion"`
	} `json:"rows"`
	Logprobs   [][]float64 `json:"logprobs"`
	Cooler     [][]float64 `json:"logprobs_temperature_0.7"`
	Entropies  [][]float64 `json:"entropies"`
	Behaviour  [][]float64 `json:"behaviour_logprobs"`
	Advantages [][]float64 `json:"token_advantages"`
	Objectives map[string]struct {
		Loss            float64            `json:"loss"`
		GradNorm        float64            `json:"grad_norm"`
		TensorGradNorms map[string]float64 `json:"tensor_grad_norms"`
		Gradient        [][]float64        `json:"gradient"`
	} `json:"objectives"`
	OffPolicy struct {
		LR          float64 `json:"lr"`
		Eps         float64 `json:"eps"`
		WeightDecay float64 `json:"weight_decay"`
		MaxGradNorm float64 `json:"max_grad_norm"`
		Steps       []struct {
			Rows     []int   `json:"rows"`
			Loss     float64 `json:"loss"`
			GradNorm float64 `json:"grad_norm_before_clipping"`
		} `json:"steps"`
		After [][]float64 `json:"logprobs_after"`
	} `json:"off_policy"`
}

func (g *policyGolden) sequences() []engine.Sequence {
	var out []engine.Sequence
	for _, r := range g.Rows {
		out = append(out, engine.Sequence{Prompt: r.Prompt, Completion: r.Completion})
	}
	return out
}

func (g *policyGolden) datum(i int, row negativa.Row) negativa.Datum {
	return negativa.Datum{ID: fmt.Sprint(i), Prompt: g.Rows[i].Prompt, Completion: g.Rows[i].Completion, Row: row}
}

func openPolicy(t *testing.T) (*Engine, *policyGolden) {
	t.Helper()
	e, err := Open("testdata/qwen3-headdim", Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	g := new(policyGolden)
	load(t, "policy", g)
	return e, g
}

func TestCompletionLogprobsAgree(t *testing.T) {
	e, g := openPolicy(t)
	for temperature, want := range map[float64][][]float64{1: g.Logprobs, 0.7: g.Cooler} {
		got, err := e.Logprobs(t.Context(), g.sequences(), temperature)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			for j, lp := range want[i] {
				near(t, fmt.Sprintf("log-prob of token %d of row %d at temperature %v", j, i, temperature), float64(got[i][j]), lp, logprobBound/0.7)
			}
		}
	}
}

// Whatever derivative a loss returns per token arrives in every tensor as autograd has it.
func TestPolicyGradientsAgreeWithAutograd(t *testing.T) {
	for name := range map[string]bool{"ppo-clip": true, "nsr": true, "psr": true, "grpo-kl": true, "gspo": true, "cispo": true, "rloo": true} {
		t.Run(name, func(t *testing.T) {
			e, g := openPolicy(t)
			want := g.Objectives[name]
			var batch []negativa.Datum
			for i := range g.Rows {
				batch = append(batch, g.datum(i, negativa.Row{Advantages: want.Gradient[i]}))
			}
			given := negativa.Loss{Row: func(row *negativa.Row, _, grad *negativa.Evaluation) float64 {
				copy(grad.Logprobs, row.Advantages)
				return 0
			}}
			checkTensorNorms(t, e, batch, given, want.GradNorm, want.TensorGradNorms)
		})
	}
}

func TestEntropyGradientAgreesWithAutograd(t *testing.T) {
	e, g := openPolicy(t)
	want := g.Objectives["entropy"]
	var batch []negativa.Datum
	tokens := 0
	for i := range g.Rows {
		batch = append(batch, g.datum(i, negativa.Row{}))
		tokens += len(g.Rows[i].Completion)
	}
	mean := negativa.Loss{Entropies: true, Row: func(_ *negativa.Row, at, grad *negativa.Evaluation) float64 {
		sum := 0.0
		for i, h := range at.Entropies {
			sum += h
			grad.Entropies[i] = 1 / float64(tokens)
		}
		return sum / float64(tokens)
	}}
	result := checkTensorNorms(t, e, batch, mean, want.GradNorm, want.TensorGradNorms)
	near(t, "mean entropy", result.Loss, want.Loss, lossBound)
	for i, row := range g.Entropies {
		for j, h := range row {
			near(t, "entropy", result.Evaluations[i].Entropies[j], h, logprobBound)
		}
	}
}

func checkTensorNorms(t *testing.T, e *Engine, batch []negativa.Datum, loss negativa.Loss, norm float64, norms map[string]float64) engine.Result {
	t.Helper()
	result, err := e.ForwardBackward(t.Context(), batch, loss, 1)
	if err != nil {
		t.Fatal(err)
	}
	e.learner.grads.merge()
	near(t, "gradient norm", e.stepper.norm(e.learner.grads.arena, 1), norm, gradientBound*norm)
	for _, tensor := range e.learner.grads.tensors {
		if !isValue(tensor.name) {
			near(t, "gradient norm of "+tensor.name, math.Sqrt(kernel.SumSquares(tensor.data)), norms[tensor.name], tensorBound*norms[tensor.name])
		}
	}
	return result
}

// Two epochs of four mini-batches against stored behaviour log-probs, clipped ratios,
// clipped gradients, AdamW: eight steps that each depend on all before.
func TestOffPolicyStepsAgreeWithPyTorch(t *testing.T) {
	e, g := openPolicy(t)
	for i, step := range g.OffPolicy.Steps {
		var batch []negativa.Datum
		tokens := 0
		for _, r := range step.Rows {
			tokens += len(g.Rows[r].Completion)
		}
		for _, r := range step.Rows {
			batch = append(batch, g.datum(r, negativa.Row{Weight: 1 / float64(tokens), Behaviour: g.Behaviour[r], Advantages: g.Advantages[r]}))
		}
		result, err := e.ForwardBackward(t.Context(), batch, negativa.Loss{Row: clippedRatio}, 1)
		if err != nil {
			t.Fatal(err)
		}
		update, err := e.OptimStep(t.Context(), engine.OptimParams{
			Optimizer: engine.AdamW, LearningRate: g.OffPolicy.LR, Beta1: 0.9, Beta2: 0.999,
			Epsilon: g.OffPolicy.Eps, WeightDecay: g.OffPolicy.WeightDecay, MaxGradNorm: g.OffPolicy.MaxGradNorm,
		})
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("loss of step %d", i), result.Loss, step.Loss, 1e-5)
		near(t, fmt.Sprintf("gradient norm of step %d", i), update.GradNorm, step.GradNorm, 1e-5*step.GradNorm)
	}
	got, err := e.Logprobs(t.Context(), g.sequences(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range g.OffPolicy.After {
		for j, lp := range row {
			near(t, "log-prob after", float64(got[i][j]), lp, 1e-4)
		}
	}
}

// clippedRatio is −min(r A, clip(r, 0.8, 1.2) A) with r = exp(lp − old).
func clippedRatio(row *negativa.Row, at, grad *negativa.Evaluation) float64 {
	loss := 0.0
	for t, lp := range at.Logprobs {
		r, a := math.Exp(lp-row.Behaviour[t]), row.Advantages[t]
		clipped := min(max(r, 0.8), 1.2)
		loss -= row.Weight * min(r*a, clipped*a)
		if r*a <= clipped*a {
			grad.Logprobs[t] = -row.Weight * r * a
		}
	}
	return loss
}
