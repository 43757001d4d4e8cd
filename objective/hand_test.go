package objective

import (
	"fmt"
	"math"
	"testing"

	"github.com/negativa-lab/negativa"
)

// ln takes probabilities to log-probabilities: by hand one thinks in the former.
func ln(probabilities ...float64) []float64 {
	out := make([]float64, len(probabilities))
	for i, p := range probabilities {
		out[i] = math.Log(p)
	}
	return out
}

// checkHand compares a batch with numbers worked out by hand; rewards are one group.
func checkHand(t *testing.T, o Objective, rewards []float64, g goldenBatch) {
	t.Helper()
	advantages := flatten(o.Advantages([][]float64{rewards}))
	for i, want := range g.Advantages {
		near(t, fmt.Sprintf("advantage %d", i), advantages[i], want, 1e-12)
	}
	for _, row := range g.Logprobs {
		g.Lengths = append(g.Lengths, len(row))
	}
	loss, gradient, _ := g.run(o, advantages)
	near(t, "loss", loss, g.Loss, 1e-12)
	for i, row := range gradient {
		for j, d := range row {
			near(t, fmt.Sprintf("gradient %d, %d", i, j), d, g.Gradient[i][j], 1e-12)
		}
	}
}

func byDefault(t *testing.T, name string) Objective {
	t.Helper()
	o, err := Default(name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// NSR, ε = 0.2. The right answer is dropped, so the mean is over the wrong answer's two
// tokens: w = 1/2.
//
//	token 1: ρ = 0.55/0.50 = 1.1, inside:  ℓ = −min(−1.1, −1.1) = 1.1,  ∂ℓ/∂lp = ρ = 1.1
//	token 2: ρ = 0.15/0.25 = 0.6, below:   ℓ = −min(−0.6, −0.8) = 0.8,  ∂ℓ/∂lp = 0
//
// L = (1.1 + 0.8)/2 = 0.95.
func TestNSRByHand(t *testing.T) {
	checkHand(t, byDefault(t, "nsr"), []float64{1, 0}, goldenBatch{
		Behaviour:  [][]float64{ln(0.5, 0.5, 0.5), ln(0.50, 0.25)},
		Logprobs:   [][]float64{ln(0.9, 0.9, 0.9), ln(0.55, 0.15)},
		Advantages: []float64{0, -1},
		Loss:       0.95,
		Gradient:   [][]float64{{0, 0, 0}, {0.55, 0}},
	})
}

// RLOO of the rewards 1, 0, 0: A = 1 − 0 = 1 and twice 0 − 1/2. One ratio a row, w = 1/3.
//
//	row 1: ρ = 1.1² = 1.21, above 1.2:  ℓ = −min(1.21, 1.2) = −1.2,    slope 0
//	row 2: ρ = 0.9, inside:             ℓ = −(0.9·−1/2) = 0.45,       slope 0.45
//	row 3: ρ = 0.5·1.4 = 0.7, below:    ℓ = −min(−0.35, −0.4) = 0.4,  slope 0
//
// L = (−1.2 + 0.45 + 0.4)/3 = −0.35/3. The slope reaches every token of its row.
func TestRLOOByHand(t *testing.T) {
	checkHand(t, byDefault(t, "rloo"), []float64{1, 0, 0}, goldenBatch{
		Behaviour:  [][]float64{ln(0.5, 0.5), ln(0.5), ln(0.5, 0.5)},
		Logprobs:   [][]float64{ln(0.55, 0.55), ln(0.45), ln(0.25, 0.7)},
		Advantages: []float64{1, -0.5, -0.5},
		Loss:       -0.35 / 3,
		Gradient:   [][]float64{{0, 0}, {0.15}, {0, 0}},
	})
}

// GRPO of the rewards 1, 0, β = 0.001: the mean is 1/2, the unbiased deviation √½, so
// A = ±0.5/(√½ + 0.0001). On-policy, ρ = 1: ℓ = −A. With π/π_ref = 2 in row 1 and 1 in row 2,
// k3 = ½ + ln 2 − 1 with slope 1 − ½ in row 1, and 0 in row 2. w = 1/(2 rows · T).
//
//	L = ½(−A + β k3) + ½(½ + ½)(A) = β k3/2
func TestGRPOByHand(t *testing.T) {
	a := 0.5 / (math.Sqrt(0.5) + 0.0001)
	checkHand(t, byDefault(t, "grpo"), []float64{1, 0}, goldenBatch{
		Behaviour:  [][]float64{ln(0.5), ln(0.2, 0.4)},
		Logprobs:   [][]float64{ln(0.5), ln(0.2, 0.4)},
		Reference:  [][]float64{ln(0.25), ln(0.2, 0.4)},
		Advantages: []float64{a, -a},
		Loss:       0.001 * (math.Ln2 - 0.5) / 2,
		Gradient:   [][]float64{{(-a + 0.001*0.5) / 2}, {a / 4, a / 4}},
	})
}

// HICRA of the rewards 1, 0, α = 0.2, L_max = 4, so w = 1/8. A = ±½; the first token of each
// row is strategy and has ½ + 0.2·½ = 0.6 and −½ + 0.2·½ = −0.4 instead.
//
//	row 1: ρ = 1:             ℓ = −0.6,                    slope −0.6
//	       ρ = 1.1, inside:   ℓ = −0.55,                   slope −0.55
//	row 2: ρ = 1.1, inside:   ℓ = 0.44,                    slope 0.44
//	       ρ = 0.6, below:    ℓ = −min(−0.3, −0.4) = 0.4,  slope 0
//
// L = (−0.6 − 0.55 + 0.44 + 0.4)/8 = −0.31/8.
func TestHICRAByHand(t *testing.T) {
	o := byDefault(t, "hicra")
	o.Params.MaxCompletionLength = 4
	checkHand(t, o, []float64{1, 0}, goldenBatch{
		Behaviour:  [][]float64{ln(0.5, 0.5), ln(0.5, 0.5)},
		Logprobs:   [][]float64{ln(0.5, 0.55), ln(0.55, 0.3)},
		Strategy:   [][]bool{{true, false}, {true, false}},
		Advantages: []float64{0.5, -0.5},
		Loss:       -0.31 / 8,
		Gradient:   [][]float64{{-0.6 / 8, -0.55 / 8}, {0.44 / 8, 0}},
	})
}

// PPO, w = 1/2 over two tokens, c_V = 0.1, values clipped at ±0.2 of the old.
//
//	token 1: ρ = 1.5, A = 1:   ℓ = −1.2, slope 0;       V = 0.1, old 0, R = 1:   ½·0.9² = 0.405, slope −0.9
//	token 2: ρ = 1.5, A = −1:  ℓ = 1.5,  slope 1.5;     V = 0.5, old 0, R = 1:   clipped ½·0.8² = 0.32, slope 0
//
// L = ½(−1.2 + 1.5) + 0.1·½(0.405 + 0.32) = 0.15 + 0.03625.
func TestPPOByHand(t *testing.T) {
	row := negativa.Row{
		Weight: 0.5, Behaviour: ln(0.4, 0.2), Advantages: []float64{1, -1},
		Values: []float64{0, 0}, Returns: []float64{1, 1},
	}
	loss, grad := evaluate(byDefault(t, "ppo").Loss(), row, negativa.Evaluation{Logprobs: ln(0.6, 0.3), Values: []float64{0.1, 0.5}})
	near(t, "loss", loss, 0.18625, 1e-12)
	for i, want := range []float64{0, 0.75} {
		near(t, "policy gradient", grad.Logprobs[i], want, 1e-12)
	}
	for i, want := range []float64{-0.045, 0} {
		near(t, "value gradient", grad.Values[i], want, 1e-12)
	}
}

// Two rows of the ratios 1.1, 0.6 and 2 with ε = 0.2: the clip holds the wrong row's second
// token below and the right row's only token above. ppo_kl is the mean of old − new.
func TestMeasureByHand(t *testing.T) {
	rows := []*negativa.Row{
		{Behaviour: ln(0.50, 0.25), Advantages: []float64{-1, -1}},
		{Behaviour: ln(0.4), Advantages: []float64{1}},
	}
	m := byDefault(t, "reinforce").Measure(rows, []negativa.Evaluation{{Logprobs: ln(0.55, 0.15)}, {Logprobs: ln(0.8)}})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"clip low", m.ClipLow, 1.0 / 3},
		{"clip high", m.ClipHigh, 1.0 / 3},
		{"clip region", m.ClipRegion, 2.0 / 3},
		{"least ratio", m.RatioMin, 0.6},
		{"mean ratio", m.RatioMean, 3.7 / 3},
		{"greatest ratio", m.RatioMax, 2},
		{"ppo_kl", m.PPOKL, -(math.Log(1.1) + math.Log(0.6) + math.Log(2)) / 3},
		{"tokens", float64(m.Tokens), 3},
	} {
		near(t, c.name, c.got, c.want, 1e-12)
	}
	if one := byDefault(t, "reinforce").Measure(rows[1:], []negativa.Evaluation{{Logprobs: ln(0.8)}}); one.RatioMin != one.RatioMax || one.RatioMin < 1.9 {
		t.Errorf("of one token: %+v", one)
	}
	if none := byDefault(t, "nsr").Measure(nil, nil); none.Tokens != 0 || !math.IsNaN(none.ClipRegion) || !math.IsNaN(none.RatioMin) {
		t.Errorf("of no rows: %+v", none)
	}
}
