// Package objective states policy-gradient objectives: how rewards become advantages,
// and how log-probabilities and advantages become a loss with its gradient per token.
//
// Everything here is a pure function of numbers. A batch's loss is
//
//	L = Σ_i w_i Σ_t ℓ(lp_it, old_it, A_it)
//
// where w_i is the named normaliser's weight of row i and ℓ the clipped surrogate with
// its optional terms. An engine back-propagates ∂L/∂lp, so that one objective serves
// every engine. Each objective is a file of its own with its equation and source.
package objective

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/nearest"
)

// Params are an objective's numbers, under TRL's names where TRL has one.
type Params struct {
	Lambda float64 // weight of the right half in W-REINFORCE, ≥ 0

	Epsilon     float64 // the ratio is clipped at 1 − Epsilon, in (0, 1], where 1 is no clip
	EpsilonHigh float64 // and at 1 + EpsilonHigh, > 0; as large as 1e9 it clips nothing
	Delta       float64 // dual clip: the ratio of negative advantages is cut at Delta > 1 + EpsilonHigh; 0: off
	Level       Level   // what the ratio is taken of

	Beta        float64   // weight of the KL to the reference, ≥ 0
	KLEstimator Estimator // of the KL term
	KLIn        Place     // where the KL term enters

	HICRAAlpha float64 // HICRA: share of its size by which the advantage of strategy is lifted, in [0, 1]

	EntropyCoef  float64 // weight of the entropy bonus; needs an engine with full distributions
	ScaleRewards Scale   // what group-relative advantages are divided by

	Normaliser          Normaliser
	Over                Over
	MaxCompletionLength int // divisor of the constant normaliser

	Gamma, Lam     float64 // discount and λ of GAE, in [0, 1]
	VFCoef         float64 // weight of the value loss
	CliprangeValue float64 // the value moves at most this far from the old one before its loss is clipped
}

// Level says whether each token has a ratio or the row has one.
type Level string

// The ratio π/π_old of a token, or of the whole completion (the product over tokens).
const (
	TokenLevel        Level = "token"
	SequenceLevel     Level = "sequence"
	SequenceMeanLevel Level = "sequence-mean" // the geometric mean over tokens, which TRL calls sequence
)

// Place says where the KL penalty enters.
type Place string

// The KL penalty as a term of the loss, or taken from the reward.
const (
	InLoss   Place = "loss"
	InReward Place = "reward"
)

// Objective is a named objective with its numbers.
type Objective struct {
	Name    string
	Formula string // the loss in one line, as printed with every run
	Source  string // paper and equation
	Critic  bool   // needs a value head
	Subset  bool   // rows with zero advantage are dropped before mini-batches are made
	Grouped bool   // compares the samples of one problem: needs at least two
	Tagged  bool   // treats tokens of strategy apart: needs answers whose tokens are tagged
	Params  Params

	advantages func(p Params, rewardsPG [][]float64) [][]float64
	// surrogate is Σ_t ℓ_t of a row, with its derivative added to grad; nil: the clipped one.
	surrogate func(p Params, row *negativa.Row, lp, grad []float64) float64
	// held tells on which side, if any, a bound holds a token: −1 low, +1 high; nil: the clip's.
	held func(p Params, r, a float64) int
}

var objectives = []func() Objective{psr, nsr, wReinforce, reinforce, rloo, grpo, drGRPO, ppo, dapo, gspo, cispo, hicra}

// Names lists the objectives.
func Names() []string {
	names := make([]string, len(objectives))
	for i, o := range objectives {
		names[i] = o().Name
	}
	return names
}

// Default returns an objective with the numbers of its source. An unknown name is an
// error that suggests the nearest.
func Default(name string) (Objective, error) {
	for _, o := range objectives {
		if o().Name == name {
			return o(), nil
		}
	}
	return Objective{}, fmt.Errorf("objective %q is not known: did you mean %q? (objectives: %s)",
		name, nearest.To(name, Names()), strings.Join(Names(), ", "))
}

// New returns an objective with other numbers, or the first reason why they are
// impossible.
func New(name string, p Params) (Objective, error) {
	o, err := Default(name)
	if err != nil {
		return o, err
	}
	o.Params = p
	return o, errors.Join(p.validate(), o.fits())
}

// fits refuses numbers that contradict what the objective is.
func (o Objective) fits() error {
	p := o.Params
	switch {
	case o.Critic && p.Level != TokenLevel:
		return fmt.Errorf("importance_sampling_level is %s; %s has an advantage for each token: it must be token", p.Level, o.Name)
	case (o.Tagged || o.surrogate != nil) && p.Level != TokenLevel:
		return fmt.Errorf("importance_sampling_level is %s; %s weighs each token: it must be token", p.Level, o.Name)
	case o.surrogate != nil && p.Delta > 0:
		return fmt.Errorf("delta is %v; %s has no clip to bound from outside: it must be 0", p.Delta, o.Name)
	case o.Subset && p.Beta > 0 && p.KLIn == InReward:
		return fmt.Errorf("kl_in is reward; %s drops the answers whose reward it ignores, which no penalised reward is: it must be loss", o.Name)
	}
	return nil
}

// standard are the numbers that the objectives share: the paper's clip, no KL, no
// entropy bonus, the mean over all tokens.
func standard() Params {
	return Params{
		Lambda: 0.1, HICRAAlpha: 0.2, Epsilon: 0.2, EpsilonHigh: 0.2, Level: TokenLevel, KLEstimator: K3, KLIn: InLoss,
		ScaleRewards: ByGroup, Normaliser: TokenMean, Over: All, MaxCompletionLength: 256,
		Gamma: 1, Lam: 1, VFCoef: 0.1, CliprangeValue: 0.2,
	}
}

func (p Params) validate() error {
	between := func(x, low, high float64) bool { return x >= low && x <= high }
	for _, c := range []struct {
		key   string
		value any
		ok    bool
		must  string
	}{
		{"lambda", p.Lambda, between(p.Lambda, 0, math.MaxFloat64), "be a finite number, 0 or above"},
		{"epsilon", p.Epsilon, p.Epsilon > 0 && p.Epsilon <= 1, "be in (0, 1], where 1 is no clip"},
		{"epsilon_high", p.EpsilonHigh, p.EpsilonHigh > 0 && between(p.EpsilonHigh, 0, math.MaxFloat64), "be positive"},
		{"delta", p.Delta, p.Delta == 0 || between(p.Delta, math.Nextafter(1+p.EpsilonHigh, 2), math.MaxFloat64), "be 0 (off) or above 1 + epsilon_high"},
		{"importance_sampling_level", p.Level, slices.Contains([]Level{TokenLevel, SequenceLevel, SequenceMeanLevel}, p.Level), "be token, sequence or sequence-mean"},
		{"beta", p.Beta, between(p.Beta, 0, math.MaxFloat64), "be a finite number, 0 or above"},
		{"kl_estimator", p.KLEstimator, slices.Contains([]Estimator{K1, K2, K3}, p.KLEstimator), "be k1, k2 or k3"},
		{"kl_in", p.KLIn, p.KLIn == InLoss || p.KLIn == InReward, "be loss or reward"},
		{"hicra_alpha", p.HICRAAlpha, between(p.HICRAAlpha, 0, 1), "be in [0, 1]: above 1 the strategy of wrong answers would be reinforced"},
		{"entropy_coef", p.EntropyCoef, between(p.EntropyCoef, -math.MaxFloat64, math.MaxFloat64), "be a finite number"},
		{"scale_rewards", p.ScaleRewards, slices.Contains([]Scale{ByGroup, ByBatch, Unscaled}, p.ScaleRewards), "be group, batch or none"},
		{"normaliser", p.Normaliser, slices.Contains(Normalisers, p.Normaliser), "be one of " + fmt.Sprint(Normalisers)},
		{"normaliser_over", p.Over, p.Over == Kept || p.Over == All, "be kept or all"},
		{"max_completion_length", p.MaxCompletionLength, p.MaxCompletionLength >= 1, "be at least 1"},
		{"gamma", p.Gamma, between(p.Gamma, 0, 1), "be in [0, 1]"},
		{"lam", p.Lam, between(p.Lam, 0, 1), "be in [0, 1]"},
		{"vf_coef", p.VFCoef, between(p.VFCoef, 0, math.MaxFloat64), "be a finite number, 0 or above"},
		{"cliprange_value", p.CliprangeValue, p.CliprangeValue > 0, "be positive"},
	} {
		if !c.ok {
			return fmt.Errorf("%s is %v; it must %s", c.key, c.value, c.must)
		}
	}
	return nil
}

// Advantages gives each sample's advantage from the rewards of the batch, in [0, 1]:
// P problems with G samples each. PPO's come from GAE instead; here it has r − 0.
func (o Objective) Advantages(rewardsPG [][]float64) [][]float64 {
	return o.advantages(o.Params, rewardsPG)
}

// Loss is the objective's loss of one row:
//
//	w · Σ_t [ ℓ_t + β·k_t − c_H·H_t + c_V·v_t ]
//
// with the clipped surrogate ℓ, the KL estimate k where it is in the loss, the entropy
// H and the value loss v. At sequence level Σ_t ℓ_t is one term.
func (o Objective) Loss() negativa.Loss {
	p, critic, surrogate := o.Params, o.Critic, o.surrogate
	if surrogate == nil {
		surrogate = Params.clippedSurrogate
	}
	klInLoss := p.Beta > 0 && p.KLIn == InLoss
	return negativa.Loss{
		Entropies: p.EntropyCoef != 0,
		Values:    critic,
		Row: func(row *negativa.Row, at, grad *negativa.Evaluation) float64 {
			sum := surrogate(p, row, at.Logprobs, grad.Logprobs)
			for t, lp := range at.Logprobs {
				if klInLoss {
					k, slope := p.KLEstimator.At(lp, row.Reference[t])
					sum += p.Beta * k
					grad.Logprobs[t] += p.Beta * slope
				}
				if p.EntropyCoef != 0 {
					sum -= p.EntropyCoef * at.Entropies[t]
					grad.Entropies[t] = -p.EntropyCoef
				}
				if critic {
					v, slope := p.valueLoss(at.Values[t], row.Values[t], row.Returns[t])
					sum += p.VFCoef * v
					grad.Values[t] = p.VFCoef * slope
				}
			}
			for _, g := range [][]float64{grad.Logprobs, grad.Entropies, grad.Values} {
				for t := range g {
					g[t] *= row.Weight
				}
			}
			return row.Weight * sum
		},
	}
}

// HasGradient tells whether a row can move a parameter: not so if its advantages are
// zero and no other term acts on it.
func (o Objective) HasGradient(row *negativa.Row) bool {
	p := o.Params
	return o.Critic || p.EntropyCoef != 0 || p.Beta > 0 && p.KLIn == InLoss || HasAdvantage(row)
}

// HasAdvantage tells whether a row has a non-zero advantage: a row that Kept counts, and
// all that is left of a batch where the objective is of a subset.
func HasAdvantage(row *negativa.Row) bool {
	return slices.ContainsFunc(row.Advantages, func(a float64) bool { return a != 0 })
}
