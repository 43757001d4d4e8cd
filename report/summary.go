package report

import (
	"slices"

	"github.com/negativa-lab/negativa/eval"
)

// Summary is a comparison of objectives that started from one base model: the
// summary.json of a demo. Shares are in [0, 1].
type Summary struct {
	Base       Result          `json:"base"`
	Objectives []Result        `json:"objectives"` // by seed, then in the order in which they ran
	N          int             `json:"n"`          // samples of each problem
	Problems   int             `json:"problems"`   // held-out problems
	Quick      bool            `json:"quick"`      // a short run: it shows the line, and settles nothing
	Conditions eval.Conditions `json:"conditions"` // of the base's evaluation; others differ in the model alone
}

// Result is one trained policy, or the base.
type Result struct {
	Name             string                  `json:"name"`
	Seed             uint64                  `json:"seed"`
	PassAtK          eval.ByK[float64]       `json:"pass@k"`
	Interval         eval.ByK[eval.Interval] `json:"interval"`
	Entropy          float64                 `json:"entropy"`              // nats a token
	DistinctCorrect  float64                 `json:"distinct_correct"`     // distinct correct answers found per problem, in N samples
	Coverage         float64                 `json:"coverage"`             // those found / all that exist
	CoverageAtK      eval.ByK[float64]       `json:"coverage@k,omitempty"` // the same share in k samples; nil: right answers were not enumerated
	CoverageInterval eval.ByK[eval.Interval] `json:"coverage_interval,omitempty"`
	OptimizerSteps   int                     `json:"optimizer_steps"`
	SkippedSteps     int                     `json:"optimizer_steps_skipped"` // mini-batches without a row that could move a parameter
	Rollouts         int                     `json:"rollouts"`
	Seconds          float64                 `json:"seconds"` // of training

	VersusBase   eval.ByK[eval.Difference] `json:"versus_base,omitempty"` // A is this policy
	Solved       *eval.Solved              `json:"solved,omitempty"`      // A is this policy, B the base
	VersusPSR    eval.ByK[eval.Difference] `json:"versus_psr,omitempty"`  // A is this policy, B the one that PSR trained with the same seed
	EqualPassAt1 *Equal                    `json:"equal_pass@1,omitempty"`
	Trace        []Point                   `json:"trace,omitempty"`
}

// Equal is the checkpoint whose Pass@1 is nearest to the target: the lowest final Pass@1
// of the objectives with the same seed. At equal Pass@1 the curves differ by what was
// paid for it.
type Equal struct {
	Target    float64                   `json:"target"`
	Step      int                       `json:"step"`
	Rollouts  int                       `json:"rollouts"`
	PassAtK   eval.ByK[float64]         `json:"pass@k"`
	Interval  eval.ByK[eval.Interval]   `json:"interval"`
	VersusPSR eval.ByK[eval.Difference] `json:"versus_psr,omitempty"`
}

// Point is an evaluation of a checkpoint, with few samples between the two ends.
type Point struct {
	Step     int     `json:"step"`
	Rollouts int     `json:"rollouts"`
	N        int     `json:"n"` // samples of each problem
	PassAt1  float64 `json:"pass@1"`
	Entropy  float64 `json:"entropy"`
}

// NewResult takes from an evaluation what a summary says of it.
func NewResult(name string, seed uint64, e eval.Evaluation) Result {
	r := Result{Name: name, Seed: seed, PassAtK: e.PassAtK, Interval: e.Interval, CoverageAtK: e.CoverageAtK, CoverageInterval: e.CoverageInterval}
	for _, v := range []struct {
		into *float64
		from *float64
	}{{&r.Entropy, e.Entropy}, {&r.DistinctCorrect, e.DistinctCorrect}, {&r.Coverage, e.Coverage}} {
		if v.from != nil {
			*v.into = *v.from
		}
	}
	return r
}

// NewPoint takes from an evaluation what a trace says of it.
func NewPoint(step, rollouts int, e eval.Evaluation) Point {
	r := NewResult("", 0, e)
	passAt1, _ := r.PassAtK.At(1)
	return Point{Step: step, Rollouts: rollouts, N: e.N, PassAt1: passAt1, Entropy: r.Entropy}
}

// names lists the objectives in the order in which they ran, once each.
func (s Summary) names() (names []string) {
	for _, r := range s.Objectives {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}

// seeds lists the results of one objective, one a seed.
func (s Summary) seeds(name string) (results []Result) {
	for _, r := range s.Objectives {
		if r.Name == name {
			results = append(results, r)
		}
	}
	return results
}

// last is the largest k and its value.
func last(curve eval.ByK[float64]) eval.Point[float64] {
	return curve[len(curve)-1]
}
