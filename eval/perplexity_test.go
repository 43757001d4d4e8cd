package eval_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/task"
)

// lengths is a scorer that finds the T tokens of a completion at −T/100 each.
type lengths struct{ seen *[]engine.Sequence }

func (l lengths) Logprobs(_ context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	if temperature != 1 {
		return nil, fmt.Errorf("temperature %v", temperature)
	}
	*l.seen = append(*l.seen, sequences...)
	out := make([][]float32, len(sequences))
	for i, s := range sequences {
		for range s.Completion {
			out[i] = append(out[i], -float32(len(s.Completion))/100)
		}
	}
	return out, nil
}

func TestPerplexityByHand(t *testing.T) {
	if got := eval.LogPerplexity([]float32{-1, -2, -6}); got != 3 {
		t.Errorf("ln perplexity %v of −1, −2 and −6", got)
	}
	a := eval.Scored{Problems: []eval.Perplexities{{ID: "p", Logs: []float64{1, 2}}, {ID: "q", Logs: []float64{0, 1}}, {ID: "only A", Logs: []float64{9}}}}
	b := eval.Scored{Problems: []eval.Perplexities{{ID: "q", Logs: []float64{4}}, {ID: "p", Logs: []float64{2, 3}}}, FromText: 3}
	c := perplexity(t, a, b)
	// p: 1.5 against 2.5, three of four pairs and a tie; q: 0.5 against 4, both pairs.
	if c.Problems != 2 || c.LogRatio.Value != (-1-3.5)/2 || c.Lower.Value != (3.5/4+1)/2 {
		t.Errorf("%+v", c)
	}
	// All of A: 0, 1, 1, 2; of B: 2, 3, 4.
	if c.A.Median != math.E || c.A.Quartiles != [2]float64{math.Exp(0.75), math.Exp(1.25)} || c.A.MeanLog != 1 || c.A.Samples != 4 {
		t.Errorf("A %+v", c.A)
	}
	if c.B.Median != math.Exp(3) || c.B.Quartiles != [2]float64{math.Exp(2.5), math.Exp(3.5)} || c.B.MeanLog != 3.25 || c.B.FromText != 3 {
		t.Errorf("B %+v", c.B)
	}
	swapped := perplexity(t, b, a)
	if swapped.A != c.B || swapped.LogRatio.Value != -c.LogRatio.Value || swapped.LogRatio.Interval != (eval.Interval{-c.LogRatio.Interval[1], -c.LogRatio.Interval[0]}) || swapped.Lower.Value != 1-c.Lower.Value {
		t.Errorf("swapped %+v", swapped)
	}
	same := perplexity(t, a, a)
	if same.LogRatio != (eval.Gap{}) || same.Lower != (eval.Gap{Value: 0.5, Interval: eval.Interval{0.5, 0.5}}) {
		t.Errorf("A against itself %+v", same)
	}
	if _, err := eval.DefaultBootstrap(1).Perplexity(a, eval.Scored{}, "m", 0); err == nil {
		t.Error("nothing is compared with nothing")
	}
}

func perplexity(t *testing.T, a, b eval.Scored) eval.PerplexityComparison {
	t.Helper()
	c, err := eval.DefaultBootstrap(1).Perplexity(a, b, "m", 0)
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

// TestPerplexityCovers: the interval holds the true difference about 95 times in a hundred.
func TestPerplexityCovers(t *testing.T) {
	const sets = 100
	covered := 0
	for seed := range uint64(sets) {
		var a, b eval.Scored
		narrow, wide := narrowAndWide(seed, 60, 8)
		for i := range narrow.Counts { // two samples that vary by problem; means 0.45 and 0.3
			id, x, y := narrow.Counts[i].ID, float64(narrow.Counts[i].C)/8, float64(wide.Counts[i].C)/8
			a.Problems = append(a.Problems, eval.Perplexities{ID: id, Logs: []float64{x}})
			b.Problems = append(b.Problems, eval.Perplexities{ID: id, Logs: []float64{y}})
		}
		if i := perplexity(t, a, b).LogRatio.Interval; i[0] <= 0.15 && 0.15 <= i[1] {
			covered++
		}
	}
	if covered < 88 {
		t.Errorf("the interval held the difference in %d of %d sets", covered, sets)
	}
}

// The tokens that were sampled are what is scored; a text is encoded where there are none.
func TestScoringReadsTokensBeforeText(t *testing.T) {
	b := newBench(t, 1)
	ids := func(text string) string {
		tokens, err := b.tok.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(fmt.Sprint(append(tokens, b.tok.EOS())), " ", ",")
	}
	path := file(t, `{"question_id":"p","generation_id":0,"label":true,"prompt":"1,1=2:","response":"1+1=2","stop":"stop","tokens":`+ids("1+1=2")+`}
{"question_id":"p","generation_id":1,"label":true,"prompt":"1,1=2:","response":"1+1=2","stop":"stop"}
{"question_id":"q","generation_id":0,"prompt":"1,2=3:","response":"1+2","stop":"length"}
{"question_id":"p","generation_id":2,"prompt":"1,1=2:","response":""}
{"question_id":"q","generation_id":1,"prompt":"1,2=3:","response":"1"}
`)
	for n, want := range map[int]string{
		0: `{[{p [0.06 0.06]} {q [0.03 0.01]}] 4 3 1}`,
		1: `{[{p [0.06]} {q [0.03]}] 2 1 0}`,
	} {
		var seen []engine.Sequence
		got, err := eval.Scoring{Policy: lengths{&seen}, Tokenizer: b.tok, N: n}.File(t.Context(), path)
		for _, p := range got.Problems {
			for i, l := range p.Logs {
				p.Logs[i] = math.Round(l*1e6) / 1e6
			}
		}
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("n = %d: %v, %v, want %s", n, got, err, want)
		}
		if prompt := b.tok.Decode(seen[0].Prompt); prompt != "1,1=2:" {
			t.Errorf("scored behind %q", prompt)
		}
	}
}

func TestScoringRefuses(t *testing.T) {
	b := newBench(t, 1)
	for want, line := range map[string]string{
		"its prompt is not in the file":          `{"question_id":"p","generation_id":0,"response":"1"}`,
		"they are another tokenizer's":           `{"question_id":"p","generation_id":0,"prompt":"1=1:","response":"1","tokens":[5,5,5]}`,
		"num_tokens is 2 and there are 3":        `{"question_id":"p","generation_id":0,"prompt":"1=1:","response":"1","num_tokens":2,"tokens":[5,5,5]}`,
		`sample 0 of question "p": its response`: `{"question_id":"p","generation_id":0,"prompt":"1=1:","response":"é"}`,
	} {
		_, err := eval.Scoring{Policy: lengths{new([]engine.Sequence)}, Tokenizer: b.tok}.File(t.Context(), file(t, line))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A policy finds its own samples, read from their file, as likely as when it drew them: to
// the last bit.
func TestPerplexityOfOnesOwnSamples(t *testing.T) {
	b := newBench(t, 8)
	policy, err := native.New(native.Config{
		VocabSize: b.tok.VocabSize(), HiddenSize: 16, IntermediateSize: 24, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 8,
		MaxPositions: 64, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: 0.3,
	}, 1, native.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var stored bytes.Buffer
	want := map[string][]float64{}
	o := options(4)
	o.Sampling.MaxTokens = 10
	o.Each = func(groups []negativa.Group) error {
		for _, g := range groups {
			for _, r := range g.Rollouts {
				want[g.Problem.ID] = append(want[g.Problem.ID], eval.LogPerplexity(r.Logprobs))
			}
		}
		return eval.WriteSamples(&stored, groups)
	}
	if _, err := eval.Run(t.Context(), policy, b.tok, task.Family(b.family), b.problems, o); err != nil {
		t.Fatal(err)
	}
	got, err := eval.Scoring{Policy: policy, Tokenizer: b.tok}.File(t.Context(), file(t, stored.String()))
	if err != nil || got.Samples != 32 || got.FromText != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, p := range got.Problems {
		if fmt.Sprint(p.Logs) != fmt.Sprint(want[p.ID]) {
			t.Errorf("%s: %v, sampled %v", p.ID, p.Logs, want[p.ID])
		}
	}
}
