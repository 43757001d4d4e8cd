package train

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/objective"
)

var approximately = cmp.Options{cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateNaNs()}

func verdict(o negativa.Outcome, stop negativa.StopReason, logprobs ...float32) negativa.Rollout {
	r := negativa.Rollout{Tokens: make([]negativa.Token, len(logprobs)), Logprobs: logprobs, Stop: stop}
	r.Verdict.Outcome = o
	if o == negativa.Correct {
		r.Reward = 1
	}
	return r
}

// Three problems with two samples each: one solved, one unsolved, one in between.
func TestRolloutMetricsByHand(t *testing.T) {
	groups := []negativa.Group{
		{Rollouts: []negativa.Rollout{verdict(negativa.Correct, "stop", -1), verdict(negativa.Correct, "stop", -1, -2)}},
		{Rollouts: []negativa.Rollout{verdict(negativa.Wrong, "stop", -0.5), verdict(negativa.OverBudget, "length", -1, -1, -1)}},
		{Rollouts: []negativa.Rollout{verdict(negativa.UnparsedPrediction, "length", 0, 0, 0), verdict(negativa.Correct, "stop", -0.5)}},
	}
	want := map[string]float64{
		"reward": 0.5, "correct_ratio": 0.5, "reward_std": math.Sqrt(6 * 0.25 / 5),
		"frac_reward_zero_std": 2.0 / 3, "fully_solved_ratio": 1.0 / 3, "fully_unsolved_ratio": 1.0 / 3,
		"entropy": 8.0 / 11, "num_tokens": 11,
		"completions/mean_length": 11.0 / 6, "completions/min_length": 1, "completions/max_length": 3, "completions/clipped_ratio": 2.0 / 6,
		"verdicts/wrong": 1, "verdicts/unparsed_prediction": 1, "verdicts/over_budget": 1,
	}
	if diff := cmp.Diff(want, rolloutMetrics(groups), approximately); diff != "" {
		t.Error(diff)
	}
	if m := rolloutMetrics(groups[1:2]); m["fully_solved_ratio"] != 0 || m["fully_unsolved_ratio"] != 1 {
		t.Errorf("of an unsolved problem: %v", m)
	}
}

// datum is a row of old probabilities whose advantages are all a, with what the policy now
// gives its tokens.
func datum(a float64, old, now []float64) (*row, negativa.Evaluation) {
	r := &row{Datum: negativa.Datum{Completion: make([]negativa.Token, len(old))}}
	at := negativa.Evaluation{}
	for i := range old {
		r.Row.Behaviour = append(r.Row.Behaviour, math.Log(old[i]))
		r.Row.Advantages = append(r.Row.Advantages, a)
		at.Logprobs = append(at.Logprobs, math.Log(now[i]))
	}
	return r, at
}

// Two mini-batches. In the first a wrong row is drawn and scored alike, and a row of three
// tokens has no gradient; in the second a wrong token is clipped and a right one is free.
// Fractions are of all 8 tokens, ratios of the 5 that were scored, the rest is a mean of
// the two steps; the mismatch is the first's.
func TestUpdateMetricsByHand(t *testing.T) {
	o, err := objective.Default("reinforce")
	if err != nil {
		t.Fatal(err)
	}
	var u updateMetrics
	same, sameAt := datum(-1, []float64{0.5, 0.5, 0.5}, []float64{0.5, 0.5, 0.5})
	idle, _ := datum(0, []float64{0.5, 0.5, 0.5}, []float64{0.5, 0.5, 0.5})
	u.add(o, []*row{same, idle}, []negativa.Datum{same.Datum},
		engine.Result{Loss: 1, Evaluations: []negativa.Evaluation{sameAt}, WrongNorm: 2, Cosine: math.NaN(), RightMove: math.NaN(), WrongMove: math.NaN()}, engine.Update{GradNorm: 2})
	low, lowAt := datum(-1, []float64{0.5}, []float64{0.25})
	free, freeAt := datum(1, []float64{0.5}, []float64{0.55})
	u.add(o, []*row{low, free}, []negativa.Datum{low.Datum, free.Datum},
		engine.Result{Loss: -2, Evaluations: []negativa.Evaluation{lowAt, freeAt}, RightNorm: 1, WrongNorm: 0, Cosine: -0.5, RightMove: 0.25, WrongMove: math.NaN()}, engine.Update{GradNorm: 1})

	got := map[string]float64{}
	u.into(got)
	want := map[string]float64{
		"loss": -0.5, "grad_norm": 1.5, "grad_norm/right": 0.5, "grad_norm/wrong": 1, "grad_cosine": -0.5,
		"move_cosine/right": 0.25, "move_cosine/wrong": math.NaN(),
		"clip_ratio/low_mean": 1.0 / 8, "clip_ratio/high_mean": 0, "clip_ratio/region_mean": 1.0 / 8,
		"ratio/min": 0.5, "ratio/mean": (3 + 0.5 + 1.1) / 5, "ratio/max": 1.1, "ppo_kl": -(math.Log(0.5) + math.Log(1.1)) / 5,
		"sampling/sampling_logp_difference/max": 0,
	}
	if diff := cmp.Diff(want, got, approximately); diff != "" {
		t.Error(diff)
	}
}

// The mismatch is the largest difference of any token.
func TestMismatch(t *testing.T) {
	a, at := datum(1, []float64{0.5, 0.5}, []float64{0.5, 0.45})
	b, bt := datum(1, []float64{0.5}, []float64{0.52})
	got := mismatch([]negativa.Datum{a.Datum, b.Datum}, []negativa.Evaluation{at, bt})
	if want := math.Log(0.5) - math.Log(0.45); math.Abs(got-want) > 1e-15 {
		t.Errorf("mismatch %v, want %v", got, want)
	}
}
