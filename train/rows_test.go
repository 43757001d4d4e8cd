package train

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/objective"
)

// judgedRows are rows as a loop makes them of rewards: their advantages are the
// objective's, their lengths any.
func judgedRows(t *rapid.T, l *Loop) []*row {
	rows := make([]*row, l.Config.PromptsPerStep*l.Config.NumGenerations)
	for i := range rows {
		n := rapid.IntRange(1, 5).Draw(t, "length")
		reward := float64(rapid.IntRange(0, 1).Draw(t, "reward"))
		advantage := l.Objective.Advantages([][]float64{{reward}})[0][0]
		r := &row{Datum: negativa.Datum{ID: rowID(i), Completion: make([]negativa.Token, n)}, share: 1}
		r.Row.Advantages = slices.Repeat([]float64{advantage}, n)
		r.dropped = l.Objective.Subset && reward == map[string]float64{"nsr": 1, "psr": 0}[l.Objective.Name]
		rows[i] = r
	}
	return rows
}

func anyLoop(t *rapid.T, names ...string) *Loop {
	c := small(rapid.SampledFrom(names).Draw(t, "objective"))
	c.NumMiniBatches = rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "num_mini_batches")
	resolved, o, err := c.Resolve(14)
	if err != nil {
		t.Fatal(err)
	}
	return &Loop{Config: resolved, Objective: o}
}

// Every row that is kept is in exactly one mini-batch of an iteration, mini-batches are
// full but the last, and PSR and NSR make fewer steps the fewer rows they keep.
func TestMiniBatchesShareOutTheKeptRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLoop(t, "psr", "nsr", "reinforce")
		rows := judgedRows(t, l)
		size := len(rows) / l.Config.NumMiniBatches
		kept := map[string]bool{}
		for _, r := range rows {
			if !r.dropped {
				kept[r.ID] = true
			}
		}
		minis := l.miniBatches(rows, rapid.IntRange(0, 3).Draw(t, "step"), 0)
		if want := max(1, (len(kept)+size-1)/size); len(minis) != want {
			t.Fatalf("%d mini-batches of %d rows by %d, want %d", len(minis), len(kept), size, want)
		}
		for i, mini := range minis {
			if i < len(minis)-1 && len(mini) != size {
				t.Fatalf("mini-batch %d of %d has %d rows of %d", i, len(minis), len(mini), size)
			}
			for _, r := range mini {
				if !kept[r.ID] {
					t.Fatalf("row %s is there twice, or should not be", r.ID)
				}
				delete(kept, r.ID)
				if r.share != float64(len(mini))/float64(size) {
					t.Fatalf("share %v of %d rows in %d", r.share, len(mini), size)
				}
			}
		}
		if len(kept) != 0 {
			t.Fatalf("rows %v are in no mini-batch", kept)
		}
	})
}

// Steps and iterations shuffle anew, and alike in every run.
func TestMiniBatchesAreShuffled(t *testing.T) {
	l := &Loop{Config: small("reinforce")}
	order := func(step, iteration int) (ids string) {
		rows := make([]*row, 16)
		for i := range rows {
			rows[i] = &row{Datum: negativa.Datum{ID: rowID(i)}}
		}
		for _, mini := range l.miniBatches(rows, step, iteration) {
			for _, r := range mini {
				ids += r.ID + " "
			}
		}
		return ids
	}
	seen := map[string]bool{}
	for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		once := order(at[0], at[1])
		if again := order(at[0], at[1]); again != once {
			t.Errorf("step %d, iteration %d: %s and %s", at[0], at[1], once, again)
		}
		seen[once] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different orders of 4", len(seen))
	}
}

// A mini-batch's weights make its loss a mean over what the normaliser counts, times the
// share of a full mini-batch that it is; rows without a gradient count there and are not
// sent to the engine.
func TestWeightsOfAMiniBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLoop(t, "psr", "nsr", "reinforce", "w-reinforce")
		l.Objective.Params.Lambda = 0 // right rows of W-REINFORCE count and do not move
		for _, mini := range l.miniBatches(judgedRows(t, l), 0, 0) {
			counted, moved, total := 0, 0, 0.0
			for _, r := range mini {
				counted += len(r.Completion)
				if objective.HasAdvantage(&r.Row) {
					moved += len(r.Completion)
				}
			}
			for _, d := range l.weigh(mini) {
				total += d.Row.Weight * float64(len(d.Completion))
				moved -= len(d.Completion)
			}
			if moved != 0 {
				t.Fatalf("%d tokens of rows with a gradient were left out", moved)
			}
			checkTotal(t, mini, counted, total)
		}
	})
}

func checkTotal(t *rapid.T, mini []*row, counted int, total float64) {
	want := 0.0
	for _, r := range mini {
		if objective.HasAdvantage(&r.Row) {
			want += r.share * float64(len(r.Completion)) / float64(counted)
		}
	}
	if diff := total - want; diff < -1e-12 || diff > 1e-12 {
		t.Fatalf("Σ w·T = %v, want %v", total, want)
	}
}

// With normaliser_over = kept, rows without an advantage do not count, even where a KL
// penalty or an entropy bonus could move them.
func TestKeptMeansWithAnAdvantage(t *testing.T) {
	bonus := 0.01
	c := small("reinforce")
	c.EntropyCoef = &bonus
	for over, want := range map[string]int{"kept": 1, "all": 2} {
		c.NormaliserOver = over
		l := start(t, c)
		mini := []*row{
			{Datum: negativa.Datum{ID: "a", Completion: make([]negativa.Token, 2), Row: negativa.Row{Advantages: []float64{-1, -1}}}, share: 1},
			{Datum: negativa.Datum{ID: "b", Completion: make([]negativa.Token, 2), Row: negativa.Row{Advantages: []float64{0, 0}}}, share: 1},
		}
		batch := l.weigh(mini)
		if len(batch) != want || batch[0].Row.Weight != 1/float64(2*want) {
			t.Errorf("over %s: %d rows, weight %v", over, len(batch), batch[0].Row.Weight)
		}
	}
}

// moved is a loop whose policy has left its start, with samples of it.
func moved(t *testing.T, c Config) (*Loop, []negativa.Group) {
	t.Helper()
	l := start(t, c)
	steps(t, l, 0, 1)
	groups, _, err := l.gather(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return l, groups
}

// Without a penalty and with γ = λ = 1 the critic's target is the reward at every token;
// advantages are whitened over the batch.
func TestPPOLearnsFromWhitenedAdvantages(t *testing.T) {
	zero := 0.0
	c := small("ppo")
	c.Beta = &zero
	l, groups := moved(t, c)
	rows, _, err := l.rows(t.Context(), 0, groups)
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for _, r := range rows {
		all = append(all, r.Row.Advantages...)
		for token, target := range r.Row.Returns {
			if math.Abs(target-r.reward) > 1e-12 {
				t.Errorf("row %s: target %v at token %d, the reward is %v", r.ID, target, token, r.reward)
			}
		}
	}
	if mean, deviation := moments(all); math.Abs(mean) > 1e-12 || math.Abs(deviation-1) > 1e-6 {
		t.Errorf("advantages have mean %v and deviation %v", mean, deviation)
	}
}

// With kl_in = reward every sample's reward pays β Σ (old − ref) before answers are
// compared, and kl is the mean k3 of all tokens.
func TestKLInTheRewardIsPaidBeforeTheComparison(t *testing.T) {
	beta := 0.5
	c := small("rloo")
	c.Beta = &beta
	l, groups := moved(t, c)
	rows, kl, err := l.rows(t.Context(), 0, groups)
	if err != nil {
		t.Fatal(err)
	}
	rewardsPG, k3, tokens := make([][]float64, len(groups)), 0.0, 0.0
	for i, r := range rows {
		paid := r.reward
		for j, old := range r.Row.Behaviour {
			paid -= beta * (old - r.Row.Reference[j])
			k, _ := objective.K3.At(old, r.Row.Reference[j])
			k3, tokens = k3+k, tokens+1
		}
		rewardsPG[i/c.NumGenerations] = append(rewardsPG[i/c.NumGenerations], paid)
	}
	for i, group := range l.Objective.Advantages(rewardsPG) {
		for j, a := range group {
			if got := rows[i*c.NumGenerations+j].Row.Advantages[0]; math.Abs(got-a) > 1e-12 {
				t.Errorf("problem %d, sample %d: advantage %v, want %v", i, j, got, a)
			}
		}
	}
	if kl != k3/tokens || kl == 0 {
		t.Errorf("kl %v, want %v", kl, k3/tokens)
	}
}
