package diagnose

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/engine/tabular"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

// endings asks for words of one or two letters that end with the letter of the prompt.
type endings struct{}

const letters = "abcd"

func (endings) Name() string { return "endings" }

func (endings) Problem(_ task.Split, _, index uint64) negativa.Problem {
	letter := letters[index%4 : index%4+1]
	return negativa.Problem{ID: letter, Prompt: letter + ":"}
}

func (endings) Answers(p negativa.Problem) ([]string, error) {
	answers := []string{p.ID}
	for first := range strings.SplitSeq(letters, "") {
		answers = append(answers, first+p.ID)
	}
	return answers, nil
}

func (e endings) Verify(p negativa.Problem, completion string) negativa.Verdict {
	if answers, _ := e.Answers(p); slices.Contains(answers, completion) {
		return negativa.Verdict{Outcome: negativa.Correct, Answer: completion}
	}
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: "another ending", Answer: completion}
}

// unlisted are problems whose right answers cannot be listed.
type unlisted struct{ train.Problems }

func config(objective string) train.Config {
	return train.Config{
		Objective: objective, Seed: 3, MaxSteps: 4, PromptsPerStep: 6, NumGenerations: 8, NumMiniBatches: 2, NumIterations: 1,
		Optimizer: "adamw", LearningRate: 0.05, AdamBeta1: 0.9, AdamBeta2: 0.999, AdamEpsilon: 1e-8, MaxGradNorm: 1,
		Temperature: 1, TopP: 1, DType: "f32", MicroBatchTokens: 2048, ProbeSteps: 1,
	}
}

// begun is a loop that measures its steps.
func begun(t *testing.T, c train.Config, l *train.Loop, maxCompletion int) *train.Loop {
	t.Helper()
	resolved, goal, err := c.Resolve(maxCompletion)
	if err != nil {
		t.Fatal(err)
	}
	l.Config, l.Objective = resolved, goal
	l.Probe = Signs(l)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	return l
}

// table is a loop of a policy of which everything can be listed.
func table(t *testing.T, c train.Config, problems train.Problems) (*train.Loop, *tabular.Engine) {
	t.Helper()
	tok := tokenizer.Char(letters + ":")
	var prompts [][]negativa.Token
	for i := range uint64(4) {
		prompt, err := tok.EncodePrompt(problems.Problem(task.Train, 0, i).Prompt)
		if err != nil {
			t.Fatal(err)
		}
		prompts = append(prompts, prompt)
	}
	e, err := tabular.New(tabular.Config{VocabSize: tok.VocabSize(), MaxTokens: 3, Stop: []negativa.Token{0}, Prompts: prompts, InitializerRange: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, prompt := range prompts {
		lean(t, e, prompt)
	}
	return begun(t, c, &train.Loop{Problems: problems, Tokenizer: tok, Policy: e}, 3), e
}

// lean makes a policy answer a prompt rightly about as often as not.
func lean(t *testing.T, e *tabular.Engine, prompt []negativa.Token) {
	t.Helper()
	toward := func(token negativa.Token, prefix ...negativa.Token) {
		z, err := e.Logits(prompt, prefix)
		if err != nil {
			t.Fatal(err)
		}
		z[token] += 2.5
	}
	own := prompt[0]
	toward(own)
	for first := range negativa.Token(6) {
		toward(own, first)
		for second := range negativa.Token(6) {
			toward(0, first, second)
		}
	}
	toward(0, own)
}

// listing is ln P of every completion, and the distribution after every prefix.
type listing struct {
	logprob map[string]float64
	next    map[string][]float64
}

func list(t *testing.T, e *tabular.Engine, groups []negativa.Group) listing {
	t.Helper()
	l := listing{map[string]float64{}, map[string][]float64{}}
	for _, g := range groups {
		all, err := e.Enumerate(g.Prompt)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			l.logprob[key(g.Prompt, c.Tokens)] = math.Log(c.Probability)
			for end := range c.Tokens {
				z, err := e.Logits(g.Prompt, c.Tokens[:end])
				if err != nil {
					t.Fatal(err)
				}
				l.next[key(g.Prompt, c.Tokens[:end])] = softmax(z)
			}
		}
	}
	return l
}

func key(prompt, completion []negativa.Token) string {
	return string(append(append(slices.Clone(prompt), -1), completion...))
}

// expected is what Signs must find, from everything listed before and after the updates.
func expected(t *testing.T, l *train.Loop, groups []negativa.Group, places []engine.Sequence, before, after listing) map[string]float64 {
	t.Helper()
	change, count := map[string]float64{}, map[string]float64{}
	add := func(set string, prompt, completion []negativa.Token) {
		at := key(prompt, completion)
		change[set] += after.logprob[at] - before.logprob[at]
		count[set]++
	}
	var tokens, fell, freed, gained, proportional, squeezed float64
	for _, g := range groups {
		said := map[string]bool{}
		for _, r := range g.Rollouts {
			said[r.Text] = true
			if r.Verdict.Outcome == negativa.Correct {
				add("old_right", g.Prompt, r.Tokens)
				continue
			}
			add("old_wrong", g.Prompt, r.Tokens)
		}
		answers, _ := endings{}.Answers(g.Problem)
		for _, answer := range answers {
			if !said[answer] {
				text, err := l.Tokenizer.Encode(answer)
				if err != nil {
					t.Fatal(err)
				}
				add("unsampled_right", g.Prompt, append(text, 0))
			}
		}
	}
	for _, place := range places {
		end := len(place.Completion) - 1
		p, q, y := before.next[key(place.Prompt, place.Completion[:end])], after.next[key(place.Prompt, place.Completion[:end])], place.Completion[end]
		tokens++
		if p[y] <= q[y] {
			continue
		}
		others := slices.Clone(p)
		others[y] = -1
		a := slices.Index(others, slices.Max(others))
		s := 0.0
		for _, x := range p {
			s += x * x
		}
		fell, freed, gained = fell+1, freed+p[y]-q[y], gained+q[a]-p[a]
		proportional += (p[y] - q[y]) * p[a] / (1 - p[y])
		squeezed += (p[y] - q[y]) * p[a] * (p[a] + p[y] - s) / (p[y] * (1 - 2*p[y] + s))
	}
	m := map[string]float64{
		"probe/suppressed/tokens": tokens, "probe/suppressed/fell": fell / tokens, "probe/suppressed/freed": freed / fell,
		"probe/suppressed/to_argmax": gained / freed, "probe/suppressed/to_argmax_proportional": proportional / freed,
		"probe/suppressed/to_argmax_squeezed": squeezed / freed,
	}
	for set, n := range count {
		m["probe/"+set+"/sequences"], m["probe/"+set+"/dlogp"] = n, change[set]/n
	}
	return m
}

// watched notes which tokens are looked at.
type watched struct {
	*tabular.Engine
	places []engine.Sequence
}

func (w *watched) Distributions(ctx context.Context, s []engine.Sequence, temperature float64) ([][]float32, error) {
	w.places = append(w.places, s...)
	return w.Engine.Distributions(ctx, s, temperature)
}

// ofWrongSamples counts the places that are tokens of the groups' wrong samples.
func ofWrongSamples(groups []negativa.Group, places []engine.Sequence) (n int) {
	begins := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			for end := range r.Tokens {
				if r.Verdict.Outcome != negativa.Correct {
					begins[key(g.Prompt, r.Tokens[:end+1])] = true
				}
			}
		}
	}
	for _, p := range places {
		if begins[key(p.Prompt, p.Completion)] {
			n++
		}
	}
	return n
}

// On a policy of which everything can be listed, the probe finds what the list says.
func TestSignsFindWhatEnumerationKnows(t *testing.T) {
	for _, objective := range []string{"psr", "nsr", "grpo"} {
		l, e := table(t, config(objective), endings{})
		w := &watched{Engine: e}
		l.Policy = w
		probe := l.Probe
		var want map[string]float64
		l.Probe = func(ctx context.Context, step int, groups []negativa.Group) (train.Measurement, error) {
			before := list(t, e, groups)
			w.places = nil
			after, err := probe(ctx, step, groups)
			places := w.places
			if n := ofWrongSamples(groups, places); n != len(places) || n < 8 {
				t.Errorf("%s, step %d: of %d places %d are tokens of wrong samples", objective, step, len(places), n)
			}
			return func(ctx context.Context) (map[string]float64, error) {
				want = expected(t, l, groups, places, before, list(t, e, groups))
				return after(ctx)
			}, err
		}
		for step := range 4 {
			m, err := l.Step(t.Context(), step)
			if err != nil {
				t.Fatal(err)
			}
			if len(want) != 12 {
				t.Fatalf("%s, step %d: one of the sets is empty: %v", objective, step, want)
			}
			if diff := cmp.Diff(want, probed(m), cmpopts.EquateApprox(0, 2e-5)); diff != "" {
				t.Errorf("%s, step %d: %s", objective, step, diff)
			}
			if objective == "nsr" && m["probe/old_wrong/dlogp"] >= 0 || objective == "psr" && m["probe/old_right/dlogp"] <= 0 {
				t.Errorf("%s, step %d: the samples of the step move the wrong way: %v", objective, step, probed(m))
			}
		}
	}
}

func probed(m map[string]float64) map[string]float64 {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(name string, _ float64) bool { return !strings.HasPrefix(name, "probe/") })
	return out
}

// opaque is an engine without distributions.
type opaque struct{ engine.Engine }

// What cannot be known is absent; a mean over nothing is not a number.
func TestSignsLeaveOutWhatIsNotKnown(t *testing.T) {
	l, e := table(t, config("nsr"), unlisted{endings{}})
	l.Policy = opaque{e}
	m, err := l.Step(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"probe/old_right/dlogp", "probe/old_right/sequences", "probe/old_wrong/dlogp", "probe/old_wrong/sequences"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(probed(m)))); diff != "" {
		t.Error(diff)
	}

	l, _ = table(t, config("nsr"), endings{})
	after, err := l.Probe(t.Context(), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = after(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m["probe/old_wrong/sequences"] != 0 || m["probe/suppressed/tokens"] != 0 || !math.IsNaN(m["probe/unsampled_right/dlogp"]) || !math.IsNaN(m["probe/suppressed/to_argmax"]) {
		t.Errorf("without a group: %v", m)
	}
}

// small is a loop of the base model.
func small(t *testing.T, c train.Config) *train.Loop {
	t.Helper()
	dir := t.TempDir()
	if err := base.Extract(dir); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := native.Open(dir, native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	family, err := task.New("countdown")
	if err != nil {
		t.Fatal(err)
	}
	c.LearningRate = 1e-3
	return begun(t, c, &train.Loop{Problems: family, Tokenizer: tok, Policy: policy}, family.MaxCompletion())
}

// steady is metrics without the clock's.
func steady(m map[string]float64) map[string]float64 {
	out := maps.Clone(m)
	delete(out, "step_time")
	delete(out, "tokens_per_second")
	return out
}

// Measuring changes no weight and no other metric, and is due at the first step and at the
// interval.
func TestSignsChangeNothing(t *testing.T) {
	c := config("w-reinforce")
	c.ProbeSteps = 2
	with := small(t, c)
	c.ProbeSteps = 0
	without := small(t, c)
	for step := range 4 {
		a, err := with.Step(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		b, err := without.Step(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		if due := step != 2; (len(probed(a)) == 12) != due || len(probed(b)) != 0 {
			t.Errorf("step %d: %d and %d metrics of a probe; due: %v", step+1, len(probed(a)), len(probed(b)), due)
		}
		maps.DeleteFunc(a, func(name string, _ float64) bool { return strings.HasPrefix(name, "probe/") })
		if diff := cmp.Diff(steady(b), steady(a), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("step %d: %s", step+1, diff)
		}
	}
	if with.Policy.(*native.Engine).Hash() != without.Policy.(*native.Engine).Hash() {
		t.Error("the weights differ")
	}
}

// A run that goes on measures what the run that was never ended does: the move since the
// start, and the same tokens and answers.
func TestSignsGoOn(t *testing.T) {
	c := config("nsr")
	whole, want := logged(t, c, nil, 0)
	c.MaxSteps = 2
	half, _ := logged(t, c, nil, 0)
	c.MaxSteps = 4
	again, got := logged(t, c, half.Dir, 2)
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if m := want[3]; math.IsNaN(m["move_cosine/wrong"]) || len(probed(m)) != 12 {
		t.Errorf("the last step measures nothing: %v", m)
	}
	if again.Policy.(*native.Engine).Hash() != whole.Policy.(*native.Engine).Hash() {
		t.Error("other weights")
	}
}

// logged runs a loop to its end, from a checkpoint of a folder or from the start in a folder
// of its own, and returns all that the folder's log has.
func logged(t *testing.T, c train.Config, dir *rundir.Dir, done int) (*train.Loop, []map[string]float64) {
	t.Helper()
	l := small(t, c)
	var err error
	if l.Dir = dir; dir == nil {
		l.Dir, err = rundir.Create(t.TempDir(), []byte("{}\n"), rundir.NewEnvironment(1, c.Seed))
	} else {
		err = l.Resume(t.Context(), rundir.Checkpoint{Step: done, Path: dir.Checkpoint(done)})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	metrics, err := l.Dir.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for i := range metrics {
		metrics[i] = steady(metrics[i])
	}
	return l, metrics
}
