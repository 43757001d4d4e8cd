package bench

import (
	"math"
	"runtime"
	"testing"

	"github.com/negativa-lab/negativa/engine/native"
)

// Products in every orientation against sums written out; more rows and outputs than a
// task has.
func TestProductsMultiply(t *testing.T) {
	e := extent{m: 301, n: 50, k: 70}
	if got, want := e.cost(), (Cost{Flops: 2 * 301 * 50 * 70, Bytes: 4 * (301*50 + 301*70 + 50*70)}); got != want {
		t.Errorf("%v costs %+v, want %+v", e, got, want)
	}
	first := func(n int) []float32 { return numbers(5, n) }
	second := func(n int) []float32 { return numbers(6, n) }
	w, x, dy := first(e.n*e.k), second(e.m*e.k), second(e.m*e.n)
	for name, c := range map[string]struct {
		multiply   multiply
		rows, cols int
		terms      int
		term       func(i, j, l int) (a, b float32)
	}{
		"Y":  {forward(e, false), e.m, e.n, e.k, func(i, j, l int) (a, b float32) { return x[i*e.k+l], w[j*e.k+l] }},
		"dX": {backward(e), e.m, e.k, e.n, func(i, j, l int) (a, b float32) { return dy[i*e.n+l], w[l*e.k+j] }},
		"dW": {weightGradient(e), e.n, e.k, e.m, func(i, j, l int) (a, b float32) { return first(e.m * e.n)[l*e.n+i], x[l*e.k+j] }},
	} {
		got, run := c.multiply(newSession(Options{Threads: 3, Seed: 5}))
		run()
		run() // a run leaves nothing to the next
		for _, at := range [][2]int{{0, 0}, {c.rows - 1, c.cols - 1}, {c.rows / 2, c.cols / 3}, {c.rows - 1, 0}} {
			want := 0.0
			for l := range c.terms {
				a, b := c.term(at[0], at[1], l)
				want += float64(a) * float64(b)
			}
			if found := float64(got[at[0]*c.cols+at[1]]); math.Abs(found-want) > 1e-4 {
				t.Errorf("%s%v is %v, want %v", name, at, found, want)
			}
		}
	}
}

// What a run asks of its engine costs what the work says, and draws as many tokens.
func TestRunsDoWhatTheirCostsSay(t *testing.T) {
	s := newSession(quick)
	base, err := s.model(embedded)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []Work{training(embedded, 6, 5), sampling(embedded), decoding(embedded, 3)} {
		var cost Cost
		s.loaded.policy = counting{base.policy, base.size, &cost}
		j, err := w.prepare(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w.Name == "train/base/6x5" {
			cost.Tokens = 6 * 5 // the engine counts those that are drawn
		}
		if cost != j.Cost {
			t.Errorf("%s asks for %+v and says %+v", w.Name, cost, j.Cost)
		}
		if want := map[string]float64{"train/base/6x5": 30, "sample/base/256": 256 * 32, "decode/base/3": 3 * 16}[w.Name]; j.Tokens != want {
			t.Errorf("%s has %v tokens, want %v", w.Name, j.Tokens, want)
		}
	}
}

// Every run of a training work and of a step is the same run: no weight moves.
func TestRunsChangeNoWeight(t *testing.T) {
	s := newSession(quick)
	for _, w := range []Work{training(embedded, 6, 5), scoring(embedded, 6, 5)} {
		if _, err := s.ready(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	fresh, _, err := openBase(s.engine())
	if err != nil {
		t.Fatal(err)
	}
	if used := s.loaded.policy.(*native.Engine); used.Hash() != fresh.Hash() {
		t.Error("training moved the weights")
	}
}

// A step counts the tokens that the loop says it drew, the same in every run.
func TestStepCountsWhatTheLoopDraws(t *testing.T) {
	s := newSession(quick)
	c, err := stepConfig(s, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	loop, err := newLoop(c, s)
	if err != nil {
		t.Fatal(err)
	}
	cost, err := stepCost(t.Context(), *loop, s)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m, err := loop.Step(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if m["num_tokens"] != cost.Tokens {
			t.Errorf("a step of 4x2 drew %v tokens, and %v were counted", m["num_tokens"], cost.Tokens)
		}
	}
	size := newSize(loop.Policy.(*native.Engine).Config(), s.Precision)
	if least := size.scoring(nil).Bytes; cost.Bytes <= 3*least || cost.Flops <= 0 { // sampling, the reference, a mini-batch
		t.Errorf("a step costs %+v", cost)
	}
}

// Every kernel's run can be made and run.
func TestElementwiseWorksRun(t *testing.T) {
	if testing.Short() {
		t.Skip("fills caches several times over")
	}
	s := newSession(quick)
	for _, w := range elementwise() {
		if j, err := s.ready(t.Context(), w); err != nil || j.Bytes <= 0 {
			t.Errorf("%s: %+v, %v", w.Name, j.Cost, err)
		}
	}
}

// BenchmarkWorks runs the works of `negativa bench`, for benchstat:
//
//	go test ./internal/bench -run '^$' -bench Works/train/base -count 10
func BenchmarkWorks(b *testing.B) {
	s := newSession(Options{Threads: runtime.GOMAXPROCS(0), Seed: 1, Precision: native.F32})
	for _, w := range Works() {
		b.Run(w.Name, func(b *testing.B) {
			j, err := s.ready(b.Context(), w)
			if err != nil {
				b.Skip(err)
			}
			half := w.half
			machine := s.probe.measure(half)
			for b.Loop() {
				if err := j.run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(j.amount(w.unit)/seconds, w.unit)
			b.ReportMetric(100*j.floor(machine.best(s.probe.measure(half)))/seconds, "%floor")
		})
	}
}
