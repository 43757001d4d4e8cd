package train

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// marking tags every place of one text as strategy.
type marking struct {
	task.Tagged
	text string
}

func (m marking) Tags(completion string) []task.Tag {
	tags := make([]task.Tag, len(completion))
	for from := 0; ; {
		at := strings.Index(completion[from:], m.text)
		if at < 0 {
			return tags
		}
		for i := range m.text {
			tags[from+at+i] = task.Strategy
		}
		from += at + len(m.text)
	}
}

// rolloutOf is a text as a model writes it that stops.
func rolloutOf(t *testing.T, tok *tokenizer.Tokenizer, text string) *negativa.Rollout {
	t.Helper()
	tokens, err := tok.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return &negativa.Rollout{Text: text, Stop: negativa.StopToken, Tokens: append(tokens, tok.EOS())}
}

// A token is of strategy if one of its characters is, and every token of a character that
// several make up; the token that stops has no tag.
func TestMarks(t *testing.T) {
	char := tokenizer.Char("dr0123456789*=;")
	gpt2, err := tokenizer.Load("../tokenizer/testdata/gpt2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tok        *tokenizer.Tokenizer
		text, mark string
		want       string // a token each
	}{
		{char, "d1*2=2;r", "d", "+........"},
		{char, "d1*2=2;r", "=", "....+...."},
		{gpt2, "the plan is", "plan", ".++.."}, // the| p|lan| is
		{gpt2, "the plan is", "a", "..+.."},
		{gpt2, "the plan is", " is", "...+."},
		{gpt2, "the plan is", "?", "....."},
		{gpt2, "a\U0001F9FFb", "\U0001F9FF", ".+++.."},
		{gpt2, "a\U0001F9FFb", "b", "....+."},
		{gpt2, "a\U0001F9FF", "a", "+...."},
	} {
		r := rolloutOf(t, c.tok, c.text)
		strategy, ends := marks(c.tok, marking{text: c.mark}, r)
		var got strings.Builder
		for _, is := range strategy {
			got.WriteString(map[bool]string{true: "+", false: "."}[is])
		}
		if got.String() != c.want || ends != len(r.Tokens)-1 {
			t.Errorf("%q, of which %q is strategy: %s up to %d, want %s", c.text, c.mark, got.String(), ends, c.want)
		}
		r.Tokens, r.Stop = r.Tokens[:ends], negativa.StopLength
		if cut, whole := marks(c.tok, marking{text: c.mark}, r); !slices.Equal(cut, strategy[:ends]) || whole != ends {
			t.Errorf("%q at the limit: %v up to %d", c.text, cut, whole)
		}
	}
}

// The placebo is as many tokens as strategy, others, at places that its address decides.
func TestPlacebo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy := rapid.SliceOfN(rapid.Bool(), 0, 30).Draw(t, "strategy")
		at := draw.New(rapid.Uint64().Draw(t, "seed"), "test")
		got := placebo(strategy, len(strategy)+1, at)
		marked, of := 0, 0
		for i, is := range strategy {
			of += count(is)
			marked += count(got[i])
			if is && got[i] {
				t.Fatalf("token %d is strategy and placebo", i)
			}
		}
		if marked != min(of, len(strategy)-of) || got[len(strategy)] {
			t.Fatalf("%d placebos for %d of %d tokens, the last %v", marked, of, len(strategy), got[len(strategy)])
		}
		if !slices.Equal(got, placebo(strategy, len(strategy)+1, at)) {
			t.Fatal("one address, two placebos")
		}
	})
	strategy := append([]bool{true, true}, make([]bool, 20)...)
	counts := make([]int, len(strategy))
	for i := range uint64(1000) {
		for t, is := range placebo(strategy, len(strategy), draw.New(1, "test").At(i)) {
			counts[t] += count(is)
		}
	}
	if least := slices.Min(counts[2:]); least < 60 { // of 100 expected, ± 10
		t.Errorf("a token was placebo %d times in 1000", least)
	}
}

// HICRA lifts the tokens that it should, or as many others, and nothing else.
func TestHICRALiftsItsTokens(t *testing.T) {
	for _, tokens := range []string{strategyTokens, placeboTokens} {
		c := small("hicra")
		c.HICRATokens = tokens
		l := start(t, c)
		groups, _, err := l.gather(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := l.rows(t.Context(), 3, groups)
		if err != nil {
			t.Fatal(err)
		}
		lifted := 0
		for i, r := range rows {
			sample := &groups[i/c.NumGenerations].Rollouts[i%c.NumGenerations]
			strategy := 0
			low, high := slices.Min(r.Row.Advantages), slices.Max(r.Row.Advantages)
			for at, a := range r.Row.Advantages {
				is := at < len(sample.Text) && strings.ContainsAny(sample.Text[at:at+1], "dfr")
				strategy += count(is)
				if tokens == strategyTokens && low != high && is != (a == high) || tokens == placeboTokens && is && a != low {
					t.Errorf("%s: token %d of %q has the advantage %v of %v", tokens, at, sample.Text, a, r.Row.Advantages)
				}
				lifted += count(a > low)
			}
			if low != high && lifted == 0 && strategy > 0 {
				t.Errorf("%s: no token of %q is lifted", tokens, sample.Text)
			}
		}
		if lifted == 0 {
			t.Errorf("%s: no token is lifted", tokens)
		}
	}
}

// Without a lift HICRA is Dr. GRPO, bit for bit; with one it is not, nor is the placebo.
func TestHICRAWithoutALiftIsDrGRPO(t *testing.T) {
	train := func(name, tokens string, alpha float64) map[string]string {
		c := small(name)
		c.Task, c.HICRATokens, c.HICRAAlpha = "methods", tokens, &alpha
		l := start(t, c)
		steps(t, l, 0, 2)
		return stored(t, l.Policy)
	}
	plain := train("dr-grpo", "", 0.2)
	for _, c := range []struct {
		tokens string
		alpha  float64
		same   bool
	}{{strategyTokens, 0, true}, {placeboTokens, 0, true}, {strategyTokens, 0.2, false}, {placeboTokens, 0.2, false}} {
		if same := maps.Equal(plain, train("hicra", c.tokens, c.alpha)); same != c.same {
			t.Errorf("hicra of %s with alpha %v is Dr. GRPO: %v", c.tokens, c.alpha, same)
		}
	}
}

// HICRA is refused where strategy is not known, of a part of a mixture as of all.
func TestHICRANeedsTags(t *testing.T) {
	l := start(t, small("hicra"))
	for _, spec := range []string{"countdown", "methods+chain"} {
		l.Problems = newFamily(t, spec)
		if err := l.Start(); err == nil || !strings.Contains(err.Error(), "are not tagged: set task to methods") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
