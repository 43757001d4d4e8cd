package train

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/verify"
)

// answered is a problem with samples of given texts, verified. Every token of strategy has
// the log-probability −0.5, the one that stops −9, and all others −0.25.
func answered(t *testing.T, family task.Family, tok *tokenizer.Tokenizer, prompt string, texts ...string) []negativa.Group {
	t.Helper()
	name := family.Problem(task.Train, 1, 1).Task
	groups := []negativa.Group{{Problem: negativa.Problem{Task: name, Prompt: prompt, Gold: "given"}}}
	for _, text := range texts {
		r := *rolloutOf(t, tok, text)
		for i := range r.Tokens {
			lp := float32(-0.25)
			switch {
			case i == len(text):
				lp = -9
			case text[i] == 'd' || text[i] == 'f' || text[i] == 'r':
				lp = -0.5
			}
			r.Logprobs = append(r.Logprobs, lp)
		}
		groups[0].Rollouts = append(groups[0].Rollouts, r)
	}
	verify.Groups(family, groups)
	return groups
}

// Five samples of one problem: right, a slip in a product twice, rounding up where it must not be,
// and no answer at all; two of another, both right and of one method.
func TestPhasesByHand(t *testing.T) {
	family := newFamily(t, "methods")
	tok := tokenizer.Char(family.Alphabet())
	groups := slices.Concat(
		answered(t, family, tok, "17x14:", "d17*10=170;17*4=68;170+68=238", "d17*10=170;17*4=69;170+69=239", "d17*10=170;17*4=69;170+69=239", "r17*20=340;17*6=102;340-102=238", "=="),
		answered(t, family, tok, "17x18:", "f17*2=34;34*9=306", "f17*2=34;34*9=306"),
	)
	groups[0].Rollouts[0].Logprobs[0] = -1.5 // a surprising choice
	m := map[string]float64{}
	phasesInto(m, family, tok, groups)
	h := func(p ...float64) (sum float64) {
		for _, x := range p {
			sum -= x * math.Log(x)
		}
		return sum
	}
	want := map[string]float64{
		"entropy/strategy": (1.5 + 5*0.5) / 6, "entropy/execution": 0.25,
		"perplexity/strategy": math.Exp((1.5 + 2*0.5) / 3), "perplexity/execution": math.Exp(0.25),
		"errors/strategy": 1.0 / 7, "errors/execution": 2.0 / 7,
		"strategy_entropy":        h(3./7, 2./7, 1./7, 1./7), // d, f, r and nothing
		"strategy_entropy/within": (h(3./5, 1./5, 1./5) + 0) / 2,
	}
	if diff := cmp.Diff(want, m, approximately); diff != "" {
		t.Error(diff)
	}
	counts := verify.Tally(groups)
	if wrong := float64(counts[negativa.Wrong]) / 7; math.Abs(m["errors/strategy"]+m["errors/execution"]-wrong) > 1e-12 {
		t.Errorf("errors of strategy and of execution add up to other than the %v that are wrong", wrong)
	}
}

// Of nothing right there is no perplexity, of no strategy no entropy of it.
func TestPhasesOfNothingAreAbsent(t *testing.T) {
	family := newFamily(t, "methods")
	tok := tokenizer.Char(family.Alphabet())
	m := map[string]float64{}
	phasesInto(m, family, tok, answered(t, family, tok, "17x14:", "==", "="))
	want := []string{"entropy/execution", "errors/execution", "errors/strategy", "strategy_entropy", "strategy_entropy/within"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(m))); diff != "" {
		t.Error(diff)
	}
}

// Formats are counted, and their right answers; a verdict moves accuracies and no share.
func TestFormatsByHand(t *testing.T) {
	family := newFamily(t, "chain:terms=3,max=9,plain=1,words=1,code=1")
	tok := tokenizer.Char(family.Alphabet())
	groups := answered(t, family, tok, "3*7-5:", "3*7=21;21-5=16", "3*7=21;21-5=15", "a=3*7;b=a-5;b==16", "16")
	m := map[string]float64{}
	formatsInto(m, family, groups)
	want := map[string]float64{
		"format/plain/share": 0.5, "format/words/share": 0, "format/code/share": 0.25, "format/none/share": 0.25,
		"format/plain/accuracy": 0.5, "format/code/accuracy": 1,
	}
	if diff := cmp.Diff(want, m, approximately); diff != "" {
		t.Error(diff)
	}
	for i := range groups[0].Rollouts {
		groups[0].Rollouts[i].Verdict.Outcome = negativa.Wrong
	}
	want["format/plain/accuracy"], want["format/code/accuracy"] = 0, 0
	formatsInto(m, family, groups)
	if diff := cmp.Diff(want, m, approximately); diff != "" {
		t.Error(diff)
	}
}

// A mixture's step tells of each part what it has, and other families have neither.
func TestMixturesTellOfTheirParts(t *testing.T) {
	family := newFamily(t, "methods+chain:terms=3,max=9,plain=1,code=1")
	tok := tokenizer.Char(family.Alphabet())
	methods, chain := newFamily(t, "methods"), newFamily(t, "chain:terms=3,max=9,plain=1,code=1")
	both := slices.Concat(answered(t, methods, tok, "17x14:", "d17*10=170", "d17"), answered(t, chain, tok, "3*7-5:", "3*7=21;21-5=16"))
	mixed, apart, none := map[string]float64{}, map[string]float64{}, map[string]float64{}
	formatsInto(mixed, family, both)
	phasesInto(mixed, family, tok, both)
	phasesInto(apart, methods, tok, both[:1])
	formatsInto(apart, chain, both[1:])
	if diff := cmp.Diff(apart, mixed); diff != "" || len(mixed) < 8 {
		t.Errorf("%v\n%s", mixed, diff)
	}
	formatsInto(none, methods, both[:1])
	phasesInto(none, chain, tok, both[1:])
	if len(none) != 0 {
		t.Errorf("of neither formats nor tags: %v", none)
	}
}
