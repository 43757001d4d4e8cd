package objective

import (
	"fmt"
	"math"
	"testing"

	"github.com/negativa-lab/negativa"
)

// point is a place to take derivatives at: a row and what a policy says of it. The row's three tokens
// have the ratio exp(shift/3) each and so exp(shift) together; the first value stays
// within its clip, the others leave it on either side.
func point(shift, advantage, target float64) (negativa.Row, negativa.Evaluation) {
	row := negativa.Row{
		Weight:     0.25,
		Behaviour:  []float64{-0.3, -2.1, -0.9},
		Reference:  []float64{-1.0, -1.9, -0.1},
		Advantages: repeat(advantage, 3),
		Values:     []float64{0.1, 0.4, 0.8},
		Returns:    []float64{0.1 + target, 0.4 + target, 0.8 + target},
	}
	at := negativa.Evaluation{Entropies: []float64{0.5, 1.3, 0.2}, Values: []float64{0.15, 0.9, 0.3}}
	for _, lp := range row.Behaviour {
		at.Logprobs = append(at.Logprobs, lp+shift/3)
	}
	return row, at
}

// shifts put the ratio of a token, and of the three together, inside the clip, outside
// it on both sides, and above the dual clip.
var shifts = []float64{-3, -1.2, -0.3, -0.1, 0, 0.1, 0.3, 1.2, 3.6}

// everyPoint visits the shifts with right, wrong and indifferent rows.
func everyPoint(visit func(row negativa.Row, at negativa.Evaluation)) {
	for _, shift := range shifts {
		for _, advantage := range []float64{0.7, 0, -0.7} {
			for _, target := range []float64{-1, 1} {
				visit(point(shift, advantage, target))
			}
		}
	}
}

// evaluate runs a loss as an engine does: derivatives that it does not ask for are nil.
func evaluate(l negativa.Loss, row negativa.Row, at negativa.Evaluation) (float64, negativa.Evaluation) {
	grad := negativa.Evaluation{Logprobs: make([]float64, len(at.Logprobs))}
	if l.Entropies {
		grad.Entropies = make([]float64, len(at.Entropies))
	}
	if l.Values {
		grad.Values = make([]float64, len(at.Values))
	}
	return l.Row(&row, &at, &grad), grad
}

// checkDerivatives compares grad with central differences of the loss along x, a part
// of at.
func checkDerivatives(t *testing.T, name string, l negativa.Loss, row negativa.Row, at negativa.Evaluation, x, grad []float64) {
	t.Helper()
	const h = 1e-5
	for i := range grad {
		kept := x[i]
		x[i] = kept + h
		above, _ := evaluate(l, row, at)
		x[i] = kept - h
		below, _ := evaluate(l, row, at)
		x[i] = kept
		near(t, fmt.Sprintf("∂L/∂%s[%d] at lp %.2f, A %v", name, i, at.Logprobs, row.Advantages),
			grad[i], (above-below)/(2*h), 1e-7*(1+math.Abs(grad[i])))
	}
}

// variants are the numbers under which a loss takes all of its branches.
func variants(p Params) map[string]Params {
	out := map[string]Params{"default": p}
	p.Epsilon, p.EpsilonHigh = 0.2, 0.28
	for _, delta := range []float64{0, 3} {
		for _, level := range []Level{TokenLevel, SequenceLevel, SequenceMeanLevel} {
			for _, k := range []Estimator{K1, K2, K3} {
				p.Delta, p.Level, p.KLEstimator = delta, level, k
				p.Beta, p.KLIn, p.EntropyCoef = 0.3, InLoss, 0.01
				out[fmt.Sprintf("delta=%v,%s,%s", delta, level, k)] = p
			}
		}
	}
	return out
}

func TestGradientsAreTheDerivativesOfTheLosses(t *testing.T) {
	for _, name := range Names() {
		o, err := Default(name)
		if err != nil {
			t.Fatal(err)
		}
		if o.surrogate != nil {
			continue // its weights are held constant: TestCISPOHoldsItsWeights
		}
		for variant, p := range variants(o.Params) {
			if (o.Critic || o.Tagged) && p.Level != TokenLevel {
				continue // no such objective
			}
			t.Run(name+"/"+variant, func(t *testing.T) {
				o, err := New(name, p)
				if err != nil {
					t.Fatal(err)
				}
				l := o.Loss()
				everyPoint(func(row negativa.Row, at negativa.Evaluation) {
					_, grad := evaluate(l, row, at)
					checkDerivatives(t, "logprob", l, row, at, at.Logprobs, grad.Logprobs)
					checkDerivatives(t, "entropy", l, row, at, at.Entropies, grad.Entropies)
					checkDerivatives(t, "value", l, row, at, at.Values, grad.Values)
				})
			})
		}
	}
}

// With the weights as numbers of their own, the gradient is the derivative: −min(ρ, ε_high)·A.
func TestCISPOHoldsItsWeights(t *testing.T) {
	o, err := Default("cispo")
	if err != nil {
		t.Fatal(err)
	}
	o.Params.EpsilonHigh = 1.5
	l := o.Loss()
	everyPoint(func(row negativa.Row, at negativa.Evaluation) {
		_, grad := evaluate(l, row, at)
		for i, a := range row.Advantages {
			weight := math.Min(math.Exp(at.Logprobs[i]-row.Behaviour[i]), 1.5)
			near(t, fmt.Sprintf("∂L/∂lp[%d]", i), grad.Logprobs[i], -row.Weight*weight*a, 1e-12)
		}
	})
}

// A loss says that it reads entropies and values exactly if it does.
func TestLossesAskForWhatTheyRead(t *testing.T) {
	for _, name := range Names() {
		for _, coefficient := range []float64{0, 0.01} {
			o, err := Default(name)
			if err != nil {
				t.Fatal(err)
			}
			o.Params.EntropyCoef = coefficient
			l := o.Loss()
			if l.Entropies != (coefficient != 0) || l.Values != o.Critic {
				t.Errorf("%s with entropy_coef %v asks for entropies: %v, values: %v", name, coefficient, l.Entropies, l.Values)
			}
			row, at := point(0.1, 0.7, 1)
			if !l.Entropies {
				at.Entropies = nil
			}
			if !l.Values {
				at.Values, row.Values, row.Returns = nil, nil, nil
			}
			if loss, _ := evaluate(l, row, at); math.IsNaN(loss) {
				t.Errorf("%s: the loss is not a number", name)
			}
		}
	}
}

// The KL penalty is in the loss or in the reward, never in both: in the reward it leaves
// no trace in the gradient.
func TestKLInTheRewardIsNotInTheLoss(t *testing.T) {
	for _, name := range Names() {
		o, err := Default(name)
		if err != nil {
			t.Fatal(err)
		}
		everyPoint(func(row negativa.Row, at negativa.Evaluation) {
			o.Params.KLIn, o.Params.Beta = InReward, 0
			without, _ := evaluate(o.Loss(), row, at)
			o.Params.Beta = 0.5
			with, _ := evaluate(o.Loss(), row, at)
			if with != without {
				t.Errorf("%s: loss %v with the penalty in the reward, %v without a penalty", name, with, without)
			}
		})
		o.Params.Beta = 0.5
		token, whole := 0.0, o.Params.PenalisedReward(1, []float64{-1, -2, -3}, []float64{-2, -2, -2.5})
		for _, r := range o.Params.TokenRewards(1, []float64{-1, -2, -3}, []float64{-2, -2, -2.5}) {
			token += r
		}
		near(t, name+": the sum of the token rewards", token, whole, 1e-15)
		near(t, name+": the penalised reward", whole, 1-0.5*(1+0-0.5), 1e-15)
	}
}

// A clipped token has no gradient, and every token without one is counted as clipped:
// Measure and the loss must mean the same clip, at both levels.
func TestClippedMeansNoGradient(t *testing.T) {
	for _, level := range []Level{TokenLevel, SequenceLevel, SequenceMeanLevel} {
		p := standard()
		p.Level, p.EpsilonHigh = level, 0.28
		o, err := New("reinforce", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, shift := range shifts {
			for _, advantage := range []float64{-1, 1} {
				row, at := point(shift, advantage, 1)
				_, grad := evaluate(o.Loss(), row, at)
				still := 0.0
				for _, g := range grad.Logprobs {
					if g == 0 {
						still += 1.0 / 3
					}
				}
				m := o.Measure([]*negativa.Row{&row}, []negativa.Evaluation{at})
				name := fmt.Sprintf("%s level, shift %v, A %v: clipped", level, shift, advantage)
				near(t, name, m.ClipRegion, still, 1e-12)
				near(t, name+" low and high", m.ClipLow+m.ClipHigh, m.ClipRegion, 1e-12)
			}
		}
	}
}
