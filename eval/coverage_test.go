package eval_test

import (
	"math"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/eval"
)

// TestCoverageBruteForce draws every subset of samples.
func TestCoverageBruteForce(t *testing.T) {
	// What each of 7 samples gave: right answers 0 to 3, of which 3 never comes, or −1.
	given := []int{0, 2, 0, -1, 1, 0, -1}
	found := eval.Found{Answers: 4, Samples: []int{1, 1, 3}}
	for k := 1; k <= len(given); k++ {
		share, draws := 0.0, 0.0
		for subset := range 1 << len(given) {
			if ones(subset) != k {
				continue
			}
			seen := map[int]bool{}
			for i, answer := range given {
				if subset>>i&1 == 1 && answer >= 0 {
					seen[answer] = true
				}
			}
			share += float64(len(seen)) / 4
			draws++
		}
		got, err := eval.CoverageAtK(len(given), found, k)
		if err != nil || math.Abs(got-share/draws) > 1e-12 {
			t.Errorf("k = %d: %v, %v, want %v", k, got, err, share/draws)
		}
	}
}

func TestCoverageRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		n, k  int
		found eval.Found
	}{
		"more are found than exist": {4, 1, eval.Found{Answers: 1, Samples: []int{1, 1}}},
		"none exist":                {4, 1, eval.Found{}},
		"k beyond n":                {4, 5, eval.Found{Answers: 2, Samples: []int{1}}},
		"more samples than n":       {4, 1, eval.Found{Answers: 2, Samples: []int{5}}},
	} {
		if got, err := eval.CoverageAtK(c.n, c.found, c.k); err == nil {
			t.Errorf("%s: %v, want an error", name, got)
		}
	}
}

// listing is an evaluation of two questions with 2 and 4 right answers, 4 samples each.
func listing(p, q []int) eval.Evaluation {
	count := func(id string, answers int, samples []int) eval.Count {
		c := 0
		for _, n := range samples {
			c += n
		}
		return eval.Count{ID: id, N: 4, C: c, Found: &eval.Found{Answers: answers, Samples: samples}}
	}
	return eval.Evaluation{Counts: []eval.Count{count("p", 2, p), count("q", 4, q)}}
}

func TestCoverageCompared(t *testing.T) {
	sharp, wide := listing([]int{4}, []int{4}), listing([]int{1, 1}, []int{1, 1, 2})
	c := compare(t, sharp, wide).CoverageAtK
	// One sample: (1/2 + 1/4)/2 against (2/4/2 + 4/4/4)/2. All four: the same against (1 + 3/4)/2.
	if one, four := c[0], c[len(c)-1]; one.Value.A != 0.375 || one.Value.B != 0.25 || four.K != 4 || four.Value.A != 0.375 || four.Value.B != 0.875 || four.Value.AMinusB != -0.5 {
		t.Errorf("%+v", c)
	}
	back := compare(t, wide, sharp).CoverageAtK
	for i, p := range c {
		d, e := p.Value, back[i].Value
		if d.A != e.B || d.B != e.A || d.AMinusB != -e.AMinusB || d.Interval != (eval.Interval{-e.Interval[1], -e.Interval[0]}) {
			t.Errorf("%+v swapped is %+v", d, e)
		}
		if d.Interval[0] > d.AMinusB || d.AMinusB > d.Interval[1] {
			t.Errorf("k = %d: %v outside %v", p.K, d.AMinusB, d.Interval)
		}
	}
	unknown := listing([]int{4}, []int{4})
	unknown.Counts[1].Found = nil
	if c := compare(t, sharp, unknown); c.CoverageAtK != nil {
		t.Errorf("coverage %+v of what is not known", c.CoverageAtK)
	}
	other := listing([]int{4}, []int{4})
	other.Counts[1].Found.Answers = 5
	if _, err := eval.Compare(sharp, other, eval.DefaultBootstrap(1)); err == nil || !strings.Contains(err.Error(), `"q" has 4 right answers in A and 5 in B`) {
		t.Errorf("error %v", err)
	}
}

func TestAnswersThatDoNotExistAreRefused(t *testing.T) {
	path := file(t, `{"question_id":"p","generation_id":0,"label":true,"pred_answer":"2"}
{"question_id":"p","generation_id":1,"label":true,"pred_answer":"3"}
`)
	for want, answers := range map[string][]string{`the answer "3"`: {"1", "2"}, "has no correct answer": nil} {
		r := eval.Reading{Bootstrap: eval.DefaultBootstrap(1), Answers: func(string) ([]string, error) { return answers, nil }}
		if _, err := r.File(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
