package eval_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa/eval"
)

type goldenCases struct {
	PassK []struct {
		N, C, K int
		P       string
		Float   float64
	}
	Majority []struct {
		Counts []int
		Right  int
		K      int
		P      string
		Float  float64
	}
}

func goldens(t *testing.T) (cases goldenCases) {
	t.Helper()
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.PassK) < 700 || len(cases.Majority) < 60 {
		t.Fatalf("testdata/cases.json has %d and %d cases", len(cases.PassK), len(cases.Majority))
	}
	return cases
}

func fraction(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is not a fraction", s)
	}
	return r
}

func TestPassAtKGolden(t *testing.T) {
	for _, c := range goldens(t).PassK {
		got, err := eval.PassAtK(c.N, c.C, c.K)
		if err != nil {
			t.Fatal(err)
		}
		if want := fraction(t, c.P); got.Cmp(want) != 0 {
			t.Errorf("PassAtK(%d, %d, %d) = %v, want %v", c.N, c.C, c.K, got, want)
		}
		if f, err := eval.PassAtKFloat(c.N, c.C, c.K); err != nil || f != c.Float {
			t.Errorf("PassAtKFloat(%d, %d, %d) = %v, %v, want %v", c.N, c.C, c.K, f, err, c.Float)
		}
	}
}

// TestPassAtKBruteForce draws every subset.
func TestPassAtKBruteForce(t *testing.T) {
	for n := 1; n <= 10; n++ {
		for c := range n + 1 {
			for k := 1; k <= n; k++ {
				passed, all := int64(0), int64(0)
				for subset := range 1 << n {
					if ones(subset) != k {
						continue
					}
					all++
					if subset&(1<<c-1) != 0 { // samples 0 … c−1 are correct
						passed++
					}
				}
				got, err := eval.PassAtK(n, c, k)
				if err != nil || got.Cmp(big.NewRat(passed, all)) != 0 {
					t.Fatalf("PassAtK(%d, %d, %d) = %v, %v, want %d/%d", n, c, k, got, err, passed, all)
				}
			}
		}
	}
}

func ones(x int) (n int) {
	for ; x != 0; x &= x - 1 {
		n++
	}
	return n
}

// TestPassAtKUnbiased is the estimator's reason to be: averaged over Binomial(n, p) it
// is exactly 1 − (1 − p)^k.
func TestPassAtKUnbiased(t *testing.T) {
	p := big.NewRat(3, 7)
	q := new(big.Rat).Sub(big.NewRat(1, 1), p)
	const n = 12
	for k := 1; k <= n; k++ {
		mean := new(big.Rat)
		for c := range n + 1 {
			estimate, err := eval.PassAtK(n, c, k)
			if err != nil {
				t.Fatal(err)
			}
			weight := new(big.Rat).SetInt(new(big.Int).Binomial(n, int64(c)))
			weight.Mul(weight, power(p, c)).Mul(weight, power(q, n-c))
			mean.Add(mean, weight.Mul(weight, estimate))
		}
		want := new(big.Rat).Sub(big.NewRat(1, 1), power(q, k))
		if mean.Cmp(want) != 0 {
			t.Errorf("k = %d: the mean estimate is %v, want %v", k, mean, want)
		}
	}
}

func power(x *big.Rat, n int) *big.Rat {
	out := big.NewRat(1, 1)
	for range n {
		out.Mul(out, x)
	}
	return out
}

func TestPassAtKRefuses(t *testing.T) {
	for _, c := range [][3]int{{4, 2, 5}, {4, 2, 0}, {4, 2, -1}, {4, 5, 1}, {4, -1, 1}, {-1, 0, 1}, {0, 0, 1}} {
		if got, err := eval.PassAtK(c[0], c[1], c[2]); err == nil {
			t.Errorf("PassAtK(%d, %d, %d) = %v, want an error", c[0], c[1], c[2], got)
		}
	}
}

func TestPassAtKRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 300).Draw(t, "n")
		c := rapid.IntRange(0, n-1).Draw(t, "c")
		k := rapid.IntRange(1, n-1).Draw(t, "k")
		at := func(c, k int) *big.Rat {
			p, err := eval.PassAtK(n, c, k)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		if at(c, k+1).Cmp(at(c, k)) < 0 || at(c+1, k).Cmp(at(c, k)) < 0 {
			t.Fatal("Pass@k falls with k or with another correct sample")
		}
		if at(c, 1).Cmp(big.NewRat(int64(c), int64(n))) != 0 {
			t.Fatal("Pass@1 is not the share of correct samples")
		}
	})
}

func TestMajorityGolden(t *testing.T) {
	for _, c := range goldens(t).Majority {
		ballot := eval.Ballot{ID: "q"}
		for i, count := range c.Counts {
			if i == c.Right {
				ballot.Right = append(ballot.Right, count)
			} else {
				ballot.Wrong = append(ballot.Wrong, count)
			}
		}
		got, err := eval.MajorityAtK(ballot, c.K)
		if err != nil {
			t.Fatal(err)
		}
		if want := fraction(t, c.P); got.Cmp(want) != 0 {
			t.Errorf("counts %v, right %d, k = %d: %v, want %v", c.Counts, c.Right, c.K, got, want)
		}
	}
}

// TestMajorityCurve holds the floating-point route against the exact one on ballots of
// hundreds of samples, and both against Pass@k, which no vote can beat.
func TestMajorityCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 12), 0, 4)
		ballot := eval.Ballot{
			ID: "q", Right: counts.Draw(t, "right"), Wrong: counts.Draw(t, "wrong"), Blank: rapid.IntRange(1, 5).Draw(t, "blank"),
		}
		n, correct := ballot.Blank, 0
		for _, c := range ballot.Right {
			n, correct = n+c, correct+c
		}
		for _, c := range ballot.Wrong {
			n += c
		}
		k := rapid.IntRange(1, n).Draw(t, "k")
		exact, err := eval.MajorityAtK(ballot, k)
		if err != nil {
			t.Fatal(err)
		}
		curve, err := eval.MajorityCurve([]eval.Ballot{ballot}, []int{k})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := curve.At(k)
		want, _ := exact.Float64()
		if math.Abs(got-want) > 1e-9*want {
			t.Fatalf("%+v at k = %d: %v, exactly %v", ballot, k, got, want)
		}
		pass, err := eval.PassAtK(n, correct, k)
		if err != nil || exact.Cmp(pass) > 0 || k == 1 && exact.Cmp(pass) != 0 {
			t.Fatalf("%+v at k = %d: majority %v, Pass@k %v, %v", ballot, k, exact, pass, err)
		}
	})
}

func TestMajorityRefuses(t *testing.T) {
	for _, b := range []eval.Ballot{{}, {Right: []int{-1, 3}}, {Right: []int{2}, Blank: -1}} {
		if got, err := eval.MajorityAtK(b, 1); err == nil {
			t.Errorf("%+v: %v, want an error", b, got)
		}
		if got, err := eval.MajorityCurve([]eval.Ballot{b}, []int{1}); err == nil {
			t.Errorf("%+v: %v, want an error", b, got)
		}
	}
}

func ExamplePassAtK() {
	// 3 of 10 samples are correct: what would two tries give?
	p, err := eval.PassAtK(10, 3, 2)
	fmt.Println(p, err)
	_, err = eval.PassAtK(10, 3, 11)
	fmt.Println(err)
	// Output:
	// 8/15 <nil>
	// estimate Pass@11 from 10 samples: draw at least 11, or ask for k ≤ 10
}

func ExampleMajorityAtK() {
	// One correct answer came 3 times, two wrong ones 2 times each.
	p, err := eval.MajorityAtK(eval.Ballot{Right: []int{3}, Wrong: []int{2, 2}}, 7)
	fmt.Println(p, err)
	// Output: 1/1 <nil>
}
