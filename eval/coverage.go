package eval

import (
	"fmt"
	"maps"
	"slices"
)

// Found is what a problem's samples found of its right answers, which are enumerated, not
// estimated. Answers are told apart in their canonical form.
type Found struct {
	Answers int   `json:"answers"` // right answers that exist, ≥ 1
	Samples []int `json:"samples"` // of each one that was found, ascending
}

// CoverageDifference compares the mean coverage of right answers at one k.
type CoverageDifference struct {
	A        float64  `json:"a"`
	B        float64  `json:"b"`
	AMinusB  float64  `json:"a_minus_b"`
	Interval Interval `json:"interval"` // of a_minus_b: paired bootstrap over problems
}

// CoverageAtK is the share of the right answers of a problem that at least one of k samples
// gives, in the mean over draws of k without replacement from n: the mean of PassAtK over the
// right answers, each with the samples that gave it. It is the unbiased estimate of that
// share from n ≥ k samples, and errors are PassAtK's.
func CoverageAtK(n int, found Found, k int) (float64, error) {
	values, err := coverages([]Count{{N: n, Found: &found}}, []int{k})
	if err != nil {
		return 0, err
	}
	return values[0][0], nil
}

// enumerate notes the right answers of a question whose samples are all counted.
func (t *tally) enumerate(id string, answers []string) error {
	if len(answers) == 0 {
		return fmt.Errorf("question %q has no correct answer: leave it out", id)
	}
	q := t.question(id)
	for answer := range q.right {
		if !slices.Contains(answers, answer) {
			return fmt.Errorf("question %q: a sample is labelled correct with the answer %q, which is none of its %d right answers: it was graded as another task", id, answer, len(answers))
		}
	}
	q.answers = len(answers)
	return nil
}

// found is nil where right answers were not enumerated, or samples do not tell theirs.
func (q *question) found() *Found {
	if q.answers == 0 || q.unknown {
		return nil
	}
	return &Found{q.answers, slices.Sorted(maps.Values(q.right))}
}

// coverage gives the curve with its intervals; nil where some problem's is not known.
func (b Bootstrap) coverage(counts []Count, ks []int) (ByK[float64], ByK[Interval], error) {
	valuesPK, err := coverages(counts, ks)
	if err != nil || valuesPK == nil {
		return nil, nil, err
	}
	curve := byK(ks, means(valuesPK))
	if len(counts) == 1 {
		return curve, nil, nil
	}
	return curve, byK(ks, b.intervals(valuesPK)), nil
}

// coverages gives the coverage of every question (rows) at every k (columns); nil where some
// question's is not known.
func coverages(counts []Count, ks []int) ([][]float64, error) {
	var answers []Count // those found, as if each were a question
	for _, c := range counts {
		if c.Found == nil {
			return nil, nil
		}
		if c.Found.Answers < max(1, len(c.Found.Samples)) {
			return nil, fmt.Errorf("question %q: %d right answers were found of %d that exist", c.ID, len(c.Found.Samples), c.Found.Answers)
		}
		for _, samples := range c.Found.Samples {
			answers = append(answers, Count{ID: c.ID, N: c.N, C: samples})
		}
	}
	passAK, err := estimates(answers, ks)
	if err != nil {
		return nil, err
	}
	valuesPK := make([][]float64, len(counts))
	for i, c := range counts {
		valuesPK[i] = make([]float64, len(ks))
		for range c.Found.Samples {
			for k, pass := range passAK[0] {
				valuesPK[i][k] += pass / float64(c.Found.Answers)
			}
			passAK = passAK[1:]
		}
	}
	return valuesPK, nil
}

// coverageDifferences compares two sides in the same order; nil where one is not known.
func (b Bootstrap) coverageDifferences(countsA, countsB []Count, ks []int) (ByK[CoverageDifference], error) {
	valuesA, err := coverages(countsA, ks)
	if err != nil {
		return nil, fmt.Errorf("evaluation A: %w", err)
	}
	valuesB, err := coverages(countsB, ks)
	if err != nil {
		return nil, fmt.Errorf("evaluation B: %w", err)
	}
	if valuesA == nil || valuesB == nil {
		return nil, nil
	}
	for i, a := range countsA {
		if there := countsB[i].Found.Answers; a.Found.Answers != there {
			return nil, fmt.Errorf("question %q has %d right answers in A and %d in B: evaluate both with one version of the task", a.ID, a.Found.Answers, there)
		}
	}
	deltaPK := minus(valuesA, valuesB)
	meansA, meansB, meansDelta, intervals := means(valuesA), means(valuesB), means(deltaPK), b.intervals(deltaPK)
	out := make([]CoverageDifference, len(ks))
	for k := range ks {
		out[k] = CoverageDifference{meansA[k], meansB[k], meansDelta[k], intervals[k]}
	}
	return byK(ks, out), nil
}
