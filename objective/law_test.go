package objective

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// scenario is a batch of answers whose policy has moved since they were drawn.
func scenario(t *rapid.T) (g goldenBatch, rewards []float64) {
	logprob := rapid.Float64Range(-4, -0.01)
	for range rapid.IntRange(1, 6).Draw(t, "rows") {
		n := rapid.IntRange(1, 4).Draw(t, "tokens")
		behaviour := rapid.SliceOfN(logprob, n, n).Draw(t, "behaviour")
		now := slices.Clone(behaviour)
		for i, move := range rapid.SliceOfN(rapid.Float64Range(-0.6, 0.6), n, n).Draw(t, "moves") {
			now[i] += move
		}
		g.Lengths = append(g.Lengths, n)
		g.Behaviour, g.Logprobs = append(g.Behaviour, behaviour), append(g.Logprobs, now)
		rewards = append(rewards, float64(rapid.IntRange(0, 1).Draw(t, "reward")))
	}
	return g, rewards
}

// common draws numbers that any objective can be given.
func common(t *rapid.T) Params {
	p := standard()
	p.Lambda = rapid.OneOf(rapid.Just(1.0), rapid.Float64Range(0, 3)).Draw(t, "lambda")
	p.Epsilon = rapid.Float64Range(0.01, 0.9).Draw(t, "epsilon")
	p.EpsilonHigh = rapid.Float64Range(0.01, 0.9).Draw(t, "epsilon_high")
	p.Delta = rapid.SampledFrom([]float64{0, 2.5}).Draw(t, "delta")
	p.Level = rapid.SampledFrom([]Level{TokenLevel, SequenceLevel}).Draw(t, "level")
	p.Normaliser = rapid.SampledFrom(Normalisers).Draw(t, "normaliser")
	p.MaxCompletionLength = rapid.IntRange(1, 9).Draw(t, "max_completion_length")
	return p
}

// run gives a batch's loss and gradient under an objective.
func run(t *rapid.T, name string, p Params, g *goldenBatch, rewards []float64) (float64, [][]float64) {
	o, err := New(name, p)
	if err != nil {
		t.Fatal(err)
	}
	loss, gradient, _ := g.run(o, flatten(o.Advantages([][]float64{rewards})))
	return loss, gradient
}

func within(t *rapid.T, name string, got, want, bound float64) {
	if !(math.Abs(got-want) <= bound) {
		t.Fatalf("%s = %.15g, want %.15g", name, got, want)
	}
}

// L_W-REINFORCE = λ·L_PSR + L_NSR under one normaliser, of losses and of every token's
// gradient; λ = 1 is REINFORCE (2506.01347, eq. 2 and 9).
func TestWREINFORCEIsTheWeightedSumOfPSRAndNSR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, rewards := scenario(t)
		p := common(t)
		p.Over = All
		loss, gradient := run(t, "w-reinforce", p, &g, rewards)
		right, rightGradient := run(t, "psr", p, &g, rewards)
		wrong, wrongGradient := run(t, "nsr", p, &g, rewards)
		within(t, "loss", loss, p.Lambda*right+wrong, 1e-12)
		for i := range gradient {
			for j, d := range gradient[i] {
				within(t, "gradient", d, p.Lambda*rightGradient[i][j]+wrongGradient[i][j], 1e-12)
			}
		}
		if p.Lambda == 1 {
			whole, wholeGradient := run(t, "reinforce", p, &g, rewards)
			within(t, "REINFORCE's loss", whole, loss, 0)
			for i := range gradient {
				if !slices.Equal(gradient[i], wholeGradient[i]) {
					t.Fatalf("row %d: gradient %v, REINFORCE's %v", i, gradient[i], wholeGradient[i])
				}
			}
		}
	})
}

// λ = 0 differs from NSR by the normaliser alone: by nothing over kept rows, by the
// share of wrong tokens over all.
func TestWREINFORCEAtZeroIsNSRUpToTheNormaliser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, rewards := scenario(t)
		p := common(t)
		p.Lambda, p.Normaliser = 0, TokenMean
		wrong, all := 0.0, 0.0
		for i, n := range g.Lengths {
			all += float64(n)
			wrong += float64(n) * (1 - rewards[i])
		}
		p.Over = Kept
		nsr, _ := run(t, "nsr", p, &g, rewards)
		p.Over = All
		loss, _ := run(t, "w-reinforce", p, &g, rewards)
		within(t, "loss over all rows", loss, nsr*wrong/all, 1e-12)
	})
}

// What a normaliser's weights add up to is what its name says.
func TestWeightsAddUpToTheNormaliser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := common(t)
		p.Over = rapid.SampledFrom([]Over{Kept, All}).Draw(t, "over")
		lengths := rapid.SliceOf(rapid.IntRange(1, 9)).Draw(t, "lengths")
		kept := rapid.SliceOfN(rapid.Bool(), len(lengths), len(lengths)).Draw(t, "kept")
		weights := Objective{Params: p}.Weights(lengths, kept)
		rows, tokens, counted := 0.0, 0.0, 0
		for i, w := range weights {
			if counts := kept[i] || p.Over == All; counts != (w > 0) {
				t.Fatalf("row %d: weight %v, counted %v", i, w, counts)
			}
			rows, tokens = rows+w, tokens+w*float64(lengths[i])
			if w > 0 {
				counted++
			}
		}
		if counted == 0 {
			return
		}
		switch p.Normaliser {
		case TokenMean, SeqMeanTokenMean:
			within(t, "Σ w·T", tokens, 1, 1e-12)
		case SeqMeanTokenSum:
			within(t, "Σ w", rows, 1, 1e-12)
		case Constant:
			within(t, "Σ w", rows, 1/float64(p.MaxCompletionLength), 1e-12)
		}
	})
}

// rewardsPG draws groups of any size, some without variance.
func rewardsPG(t *rapid.T) [][]float64 {
	reward := rapid.SampledFrom([]float64{0, 1})
	return rapid.SliceOfN(rapid.OneOf(
		rapid.SliceOfN(reward, 2, 7),
		rapid.Map(rapid.IntRange(2, 7), func(n int) []float64 { return repeat(1, n) }),
		rapid.Map(rapid.IntRange(2, 7), func(n int) []float64 { return repeat(0.1, n) }),
	), 1, 4).Draw(t, "rewards")
}

// Group-relative advantages add up to nothing, do not see what all samples of a problem
// have in common, and are exactly zero where they all fare alike.
func TestGroupsAreCompared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rewards := rewardsPG(t)
		for _, name := range []string{"rloo", "grpo", "dr-grpo", "hicra"} {
			for _, scale := range []Scale{ByGroup, ByBatch, Unscaled} {
				p := standard()
				p.ScaleRewards = scale
				o, err := New(name, p)
				if err != nil {
					t.Fatal(err)
				}
				checkGroups(t, name+" by "+string(scale), rewards, o.Advantages(rewards))
			}
		}
	})
}

func checkGroups(t *rapid.T, name string, rewards, advantages [][]float64) {
	for i, group := range advantages {
		within(t, name+": the sum of a group", mean(group), 0, 1e-9)
		for j, a := range group {
			switch {
			case constant(rewards[i]) && a != 0:
				t.Fatalf("%s: advantage %v in a group of equal rewards", name, a)
			case !constant(rewards[i]) && (a > 0) != (rewards[i][j] > mean(rewards[i])):
				t.Fatalf("%s: advantage %v of reward %v in %v", name, a, rewards[i][j], rewards[i])
			}
		}
	}
}

// RLOO and Dr. GRPO differ by the factor G/(G − 1): leaving oneself out of the mean.
func TestRLOOIsDrGRPOWithItselfLeftOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rewards := rewardsPG(t)
		p := standard()
		p.ScaleRewards = Unscaled
		left, err := New("rloo", p)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := New("dr-grpo", p)
		if err != nil {
			t.Fatal(err)
		}
		dr := whole.Advantages(rewards)
		for i, group := range left.Advantages(rewards) {
			n := float64(len(group))
			for j, a := range group {
				within(t, "advantage", a, dr[i][j]*n/(n-1), 1e-12)
			}
		}
	})
}

// HICRA is Dr. GRPO but for the tokens of strategy, whose advantage has the factor 1 + α
// where it is positive and 1 − α where it is negative (2509.03646): losses, gradients, all.
func TestHICRAIsDrGRPOWithStrategyLifted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := standard()
		p.HICRAAlpha = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1)).Draw(t, "hicra_alpha")
		plain, err := New("dr-grpo", p)
		if err != nil {
			t.Fatal(err)
		}
		lifted, err := New("hicra", p)
		if err != nil {
			t.Fatal(err)
		}
		rewards := rewardsPG(t)
		base := flatten(plain.Advantages(rewards))
		for i, a := range flatten(lifted.Advantages(rewards)) {
			within(t, "advantage", a, base[i], 0)
			strategy := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "strategy")
			factor := 1 + p.HICRAAlpha
			if a < 0 {
				factor = 1 - p.HICRAAlpha
			}
			unlifted := plain.Spread(a, len(strategy), strategy)
			for j, got := range lifted.Spread(a, len(strategy), strategy) {
				want := a
				if strategy[j] {
					want = a * factor
				}
				within(t, "a token's advantage", got, want, 1e-15)
				within(t, "Dr. GRPO's", unlifted[j], a, 0)
			}
		}
	})
}

// With γ = λ = 1 the return is the reward still to come; with λ = 0 the advantage is one
// step's surprise.
func TestGAEAtItsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "tokens")
		number := rapid.Float64Range(-3, 3)
		rewards := rapid.SliceOfN(number, n, n).Draw(t, "rewards")
		values := rapid.SliceOfN(number, n, n).Draw(t, "values")
		advantages, returns := GAE(rewards, values, 1, 1)
		steps, _ := GAE(rewards, values, 0.9, 0)
		toCome, next := 0.0, 0.0
		for i := n - 1; i >= 0; i-- {
			toCome += rewards[i]
			within(t, "return", returns[i], toCome, 1e-12)
			within(t, "advantage", advantages[i], toCome-values[i], 1e-12)
			within(t, "one step's advantage", steps[i], rewards[i]+0.9*next-values[i], 1e-12)
			next = values[i]
		}
	})
}

// Whitened advantages have mean 0 and unbiased deviation 1, or are 0 if all are alike.
func TestWhiten(t *testing.T) {
	for _, c := range []struct {
		in        [][]float64
		deviation float64
	}{
		{[][]float64{{1, 2, 3}, {10}}, 1},
		{[][]float64{{0.5}, {0.5, 0.5}}, 0},
		{[][]float64{{3}}, 0},
		{[][]float64{{}, nil}, 0},
		{nil, 0},
	} {
		Whiten(c.in)
		near(t, "mean", mean(flatten(c.in)), 0, 1e-9)
		near(t, "deviation", deviation(flatten(c.in)), c.deviation, 1e-8)
	}
}
