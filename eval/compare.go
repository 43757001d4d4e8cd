package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// Comparison is a paired comparison of two evaluations of the same problems. Swapping
// the two swaps it and changes nothing else.
type Comparison struct {
	PassAtK     ByK[Difference] `json:"pass@k"`
	Problems    int             `json:"problems"`
	Solved      *Solved         `json:"solved,omitempty"`       // nil where the two have different numbers of samples
	Crossing    *Crossing       `json:"crossing,omitempty"`     // nil where neither has the higher Pass@1, or only k = 1 is compared
	SamplingGap *SamplingGap    `json:"sampling_gap,omitempty"` // nil where only k = 1 is compared
	// CoverageAtK is nil where either side does not know all right answers.
	CoverageAtK ByK[CoverageDifference] `json:"coverage@k,omitempty"`
	// Perplexity holds the samples of both against one model; nil where none was named.
	Perplexity  *PerplexityComparison `json:"perplexity,omitempty"`
	Levels      []PartComparison      `json:"levels,omitempty"`               // the same at each level, where both sides know the levels
	Subjects    []PartComparison      `json:"subjects,omitempty"`             // the same for each subject
	Differences []string              `json:"differing_conditions,omitempty"` // conditions, apart from the policy, that are not the same
	Interval    IntervalMethod        `json:"interval"`
	Test        SignificanceTest      `json:"test"`
}

// PartComparison compares the problems of one level or subject.
type PartComparison struct {
	Name     string          `json:"name"`
	Problems int             `json:"problems"`
	PassAtK  ByK[Difference] `json:"pass@k"`
}

// Difference compares two mean Pass@k at one k.
type Difference struct {
	A        float64  `json:"a"`
	B        float64  `json:"b"`
	AMinusB  float64  `json:"a_minus_b"`
	Interval Interval `json:"interval"` // of a_minus_b: paired bootstrap over problems
	PValue   float64  `json:"p_value"`  // two-sided, of the sign-flip permutation test, on as many samples of both sides
	Verdict  Verdict  `json:"verdict"`
}

// Verdict is what can be said of a difference.
type Verdict string

// A side is higher if the test rejects at 1 − level and the interval leaves out 0.
// Each k is judged on its own: of many k, some may be told apart by chance.
const (
	AHigher         Verdict = "A higher"
	BHigher         Verdict = "B higher"
	CannotTellApart Verdict = "cannot tell apart"
)

// SignificanceTest names the test and its size.
type SignificanceTest struct {
	Method string `json:"method"`
	Flips  int    `json:"flips"`
}

const flips = 10_000

// Compare matches problems by their question id and compares Pass@k at every power of
// two that both evaluations have samples for. Ids that only one side has are an error
// that names them. Draws are addressed by the bootstrap's seed.
func Compare(a, b Evaluation, bootstrap Bootstrap) (Comparison, error) {
	if err := bootstrap.Validate(); err != nil {
		return Comparison{}, fmt.Errorf("compare: %w", err)
	}
	countsA, countsB, err := match(a.Counts, b.Counts)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: %w", err)
	}
	ks := Powers(min(samples(countsA), samples(countsB)))
	valuesA, valuesB, err := estimatesOfBoth(countsA, countsB, ks)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: %w", err)
	}
	differences, err := bootstrap.differences(countsA, countsB, ks)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: %w", err)
	}
	levels, err := bootstrap.partDifferences(countsA, countsB, Count.level, ks)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare levels: %w", err)
	}
	subjects, err := bootstrap.partDifferences(countsA, countsB, Count.subject, ks)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare subjects: %w", err)
	}
	coverage, err := bootstrap.coverageDifferences(countsA, countsB, ks)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare coverage: %w", err)
	}
	return Comparison{
		CoverageAtK: coverage,
		Levels:      levels,
		Subjects:    subjects,
		PassAtK:     byK(ks, differences),
		Problems:    len(countsA),
		Solved:      bootstrap.solved(countsA, countsB),
		Crossing:    bootstrap.crossing(valuesA, valuesB, ks),
		SamplingGap: bootstrap.samplingGap(valuesA, valuesB, ks),
		Differences: a.Conditions.differences(b.Conditions),
		Interval:    IntervalMethod{"percentile bootstrap over paired problems", bootstrap},
		Test:        SignificanceTest{"sign-flip permutation test over paired problems", flips},
	}, nil
}

// match brings both sides into the order of their ids.
func match(a, b []Count) (sortedA, sortedB []Count, err error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, nil, errors.New("an evaluation without counts per question cannot be paired: evaluate its samples again")
	}
	byID := func(x, y Count) int { return cmp.Compare(x.ID, y.ID) }
	a, b = slices.SortedFunc(slices.Values(a), byID), slices.SortedFunc(slices.Values(b), byID)
	onlyA, onlyB := missing(a, b), missing(b, a)
	if len(onlyA)+len(onlyB) > 0 {
		return nil, nil, fmt.Errorf("the evaluations are not of the same questions: only A has %s; only B has %s",
			list(onlyA), list(onlyB))
	}
	for side, counts := range [][]Count{a, b} {
		for i := 1; i < len(counts); i++ {
			if counts[i].ID == counts[i-1].ID {
				return nil, nil, fmt.Errorf("%c has question %q twice", "AB"[side], counts[i].ID)
			}
		}
	}
	return a, b, nil
}

// missing lists the ids of a that b lacks; both are sorted.
func missing(a, b []Count) (ids []string) {
	for _, problem := range a {
		_, found := slices.BinarySearchFunc(b, problem.ID, func(c Count, id string) int { return cmp.Compare(c.ID, id) })
		if !found {
			ids = append(ids, problem.ID)
		}
	}
	return ids
}

func list(ids []string) string {
	const shown = 5
	switch {
	case len(ids) == 0:
		return "none of its own"
	case len(ids) > shown:
		return fmt.Sprintf("%s and %d more", list(ids[:shown]), len(ids)-shown)
	}
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = fmt.Sprintf("%q", id)
	}
	return strings.Join(quoted, ", ")
}

// samples is the number of samples that every problem has.
func samples(counts []Count) int {
	return slices.MinFunc(counts, func(x, y Count) int { return cmp.Compare(x.N, y.N) }).N
}

func (b Bootstrap) differences(countsA, countsB []Count, ks []int) ([]Difference, error) {
	valuesA, valuesB, err := estimatesOfBoth(countsA, countsB, ks)
	if err != nil {
		return nil, err
	}
	pValues, err := b.signFlip(countsA, countsB, ks)
	if err != nil {
		return nil, err
	}
	deltaPK := minus(valuesA, valuesB)
	meansA, meansB, meansDelta := means(valuesA), means(valuesB), means(deltaPK)
	intervals := b.intervals(deltaPK)
	out := make([]Difference, len(ks))
	for k := range ks {
		out[k] = Difference{meansA[k], meansB[k], meansDelta[k], intervals[k], pValues[k], b.verdict(intervals[k], pValues[k])}
	}
	return out, nil
}

func estimatesOfBoth(countsA, countsB []Count, ks []int) (valuesA, valuesB [][]float64, err error) {
	if valuesA, err = estimates(countsA, ks); err != nil {
		return nil, nil, fmt.Errorf("evaluation A: %w", err)
	}
	if valuesB, err = estimates(countsB, ks); err != nil {
		return nil, nil, fmt.Errorf("evaluation B: %w", err)
	}
	return valuesA, valuesB, nil
}

// thinned draws n of the samples, without replacement; all of them if there are no more.
func (c Count) thinned(n int, source draw.Source) Count {
	correct := 0
	for i := range n {
		if i < c.N && source.IntN(uint64(i), c.N-i) < c.C-correct {
			correct++
		}
	}
	c.N, c.C = min(n, c.N), correct
	return c
}

func minus(a, b [][]float64) [][]float64 {
	out := make([][]float64, len(a))
	for i := range a {
		out[i] = make([]float64, len(a[i]))
		for k := range a[i] {
			out[i][k] = a[i][k] - b[i][k]
		}
	}
	return out
}

// partDifferences compares each part of two sides that are in the same order; nil where
// they do not divide into the same parts.
func (b Bootstrap) partDifferences(countsA, countsB []Count, name func(Count) string, ks []int) ([]PartComparison, error) {
	if !slices.EqualFunc(countsA, countsB, func(x, y Count) bool { return name(x) == name(y) }) {
		return nil, nil
	}
	var out []PartComparison
	groupsB := divide(countsB, name)
	for i, group := range divide(countsA, name) {
		differences, err := b.differences(group, groupsB[i], ks)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name(group[0]), err)
		}
		out = append(out, PartComparison{name(group[0]), len(group), byK(ks, differences)})
	}
	return out, nil
}

func (b Bootstrap) verdict(interval Interval, p float64) Verdict {
	switch {
	case p > 1-b.Level:
		return CannotTellApart
	case interval[0] > 0:
		return AHigher
	case interval[1] < 0:
		return BHigher
	}
	return CannotTellApart
}

// signFlip gives the two-sided p-value of each column's mean. If A and B are alike, each
// problem's difference could as well have had the other sign: the p-value is the share
// of random signs that give a mean as far from 0, the observed signs counted among them
// (Phipson and Smyth, 1603.05766), so it is never 0.
//
// They are not alike where one has more samples: at k = n an estimate is 0 or 1, and a
// little below 1 where n is larger. So no more samples are taken of one than of the other,
// drawn at random, and anew several times, as the p-value depends on which.
func (b Bootstrap) signFlip(countsA, countsB []Count, ks []int) ([]float64, error) {
	rounds := 1
	if !slices.EqualFunc(countsA, countsB, func(x, y Count) bool { return x.N == y.N }) {
		rounds = 20
	}
	root := draw.New(b.Seed, "sign flip")
	asFar := make([]int, len(ks))
	for round := range rounds {
		evenA, evenB, err := estimatesOfBoth(b.thinned(countsA, countsB, round), b.thinned(countsB, countsA, round), ks)
		if err != nil {
			return nil, err
		}
		deltaPK := minus(evenA, evenB)
		negatedPK, observed := negated(deltaPK), means(deltaPK)
		for flip := round * flips / rounds; flip < (round+1)*flips/rounds; flip++ {
			countAsFar(asFar, flipped(deltaPK, negatedPK, root.At(uint64(flip))), observed)
		}
	}
	p := make([]float64, len(ks))
	for k := range p {
		p[k] = float64(1+asFar[k]) / float64(1+flips)
	}
	return p, nil
}

// thinned keeps of each problem no more samples than the other side has.
func (b Bootstrap) thinned(counts, others []Count, round int) []Count {
	root := draw.New(b.Seed, "thin").At(uint64(round))
	out := make([]Count, len(counts))
	for i, c := range counts {
		out[i] = c.thinned(others[i].N, root.Named(c.ID))
	}
	return out
}

// flipped gives each row a random sign.
func flipped(deltaPK, negatedPK [][]float64, signs draw.Source) [][]float64 {
	out := make([][]float64, len(deltaPK))
	var bits uint64
	for i := range deltaPK {
		if i%64 == 0 {
			bits = signs.Uint64(uint64(i / 64))
		}
		out[i] = deltaPK[i]
		if bits>>(i%64)&1 == 1 {
			out[i] = negatedPK[i]
		}
	}
	return out
}

// countAsFar counts the columns whose mean is as far from 0 as was observed.
func countAsFar(asFar []int, flippedPK [][]float64, observed []float64) {
	const rounding = 1e-12 // sums of the same numbers in another order are equal
	for k, mean := range means(flippedPK) {
		if math.Abs(mean) >= math.Abs(observed[k])-rounding {
			asFar[k]++
		}
	}
}

func negated(valuesPK [][]float64) [][]float64 {
	out := make([][]float64, len(valuesPK))
	for i, values := range valuesPK {
		for _, v := range values {
			out[i] = append(out[i], -v)
		}
	}
	return out
}
