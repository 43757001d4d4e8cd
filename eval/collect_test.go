package eval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
)

var arithmetic = []negativa.Problem{
	{ID: "sum", Prompt: "1+1=", Gold: "2", Subject: "Algebra", Level: "Level 1"},
	{ID: "product", Prompt: "2*3=", Gold: "6", Subject: "Algebra", Level: "Level 2"},
	{ID: "difference", Prompt: "3-3=", Gold: "0", Subject: "Counting", Level: "Level 1"},
}

func gradeEqual(p negativa.Problem, text string) negativa.Verdict {
	if text == p.Gold {
		return negativa.Verdict{Outcome: negativa.Correct, Answer: text}
	}
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: "another number", Answer: text}
}

// right answers all that it is asked, correctly.
func right(_ context.Context, p negativa.Problem, n int, _ uint64) ([]eval.Completion, error) {
	out := make([]eval.Completion, n)
	for i := range out {
		out[i] = eval.Completion{Text: p.Gold, FinishReason: "stop", Stop: negativa.StopToken}
	}
	return out, nil
}

func collection(ask eval.Ask) eval.Collection {
	return eval.Collection{N: 10, PerRequest: 4, Concurrency: 3, Seed: 1, Ask: ask, Grade: gradeEqual}
}

func openStore(t interface{ Fatal(...any) }, path string) *eval.Store {
	store, err := eval.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// collect fills the file at path.
func collect(t *testing.T, path string, c eval.Collection) error {
	t.Helper()
	store := openStore(t, path)
	err := c.Into(t.Context(), store, arithmetic)
	if err == nil {
		err = store.Sort(arithmetic)
	}
	return errors.Join(err, store.Close())
}

func TestCollect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out", "samples.jsonl")
	c, come := collection(right), 0
	c.Each = func(samples int) { come += samples }
	if err := collect(t, path, c); err != nil {
		t.Fatal(err)
	}
	e, err := eval.File(path, 10, nil, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := e.PassAtK.At(1); come != 30 || e.Problems != 3 || p != 1 || *e.TruncatedRatio != 0 || e.MeanLength != nil || e.Entropy != nil {
		t.Errorf("%d came, %+v", come, e)
	}
	if len(e.Levels) != 2 || e.Levels[0].Name != "Level 1" || e.Levels[0].Problems != 2 || len(e.Subjects) != 2 || e.Subjects[1].Name != "Counting" {
		t.Errorf("levels %+v, subjects %+v", e.Levels, e.Subjects)
	}
}

// flaky gives fewer completions than it is asked for, or fails, each time as a draw says.
type flaky struct {
	mu    sync.Mutex
	next  func() int
	limit int // calls until the process is killed; 0: it is not
	seeds map[string]bool
	kill  context.CancelFunc
}

func (f *flaky) ask(ctx context.Context, p negativa.Problem, n int, seed uint64) ([]eval.Completion, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limit--; f.limit == 0 {
		f.kill()
		return nil, ctx.Err()
	}
	switch d := f.next(); {
	case d == 0:
		return nil, errors.New("a dropped connection")
	case d < 4:
		n = max(1, n-d)
	}
	address := fmt.Sprint(p.ID, seed)
	if f.seeds[address] {
		return nil, fmt.Errorf("seed %d of question %q was used already", seed, p.ID)
	}
	f.seeds[address] = true
	return right(ctx, p, n, seed)
}

// TestCollectSurvives: however requests fail, come short, and the process is killed,
// between lines or within one, repeating the call ends with each sample there once and
// in the file of a run that nothing happened to.
func TestCollectSurvives(t *testing.T) {
	quiet := filepath.Join(t.TempDir(), "quiet.jsonl")
	if err := collect(t, quiet, collection(right)); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(quiet)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		path := filepath.Join(folder, "samples.jsonl")
		_ = os.Remove(path)
		seeds := map[string]bool{}
		for round := 0; ; round++ {
			ctx, kill := context.WithCancel(t.Context())
			f := &flaky{kill: kill, seeds: seeds, next: func() int { return 9 }}
			if round < 6 {
				f.limit = rapid.IntRange(0, 12).Draw(r, "calls until killed")
				mishaps := rapid.SliceOfN(rapid.IntRange(0, 9), 64, 64).Draw(r, "mishaps")
				f.next = func() int { d := mishaps[0]; mishaps = append(mishaps[1:], 9); return d }
			}
			store := openStore(r, path)
			err := collection(f.ask).Into(ctx, store, arithmetic)
			kill()
			if err == nil {
				if err := errors.Join(store.Sort(arithmetic), store.Close()); err != nil {
					r.Fatal(err)
				}
				break
			}
			if round >= 6 {
				r.Fatal(err)
			}
			if err := store.Close(); err != nil {
				r.Fatal(err)
			}
			tear(r, path, rapid.IntRange(0, 60).Draw(r, "bytes written of the next line"))
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			r.Fatalf("%v\n%s\nnot\n%s", err, got, want)
		}
	})
}

// tear leaves the beginning of a line at the end of a file, as a kill within a write does.
func tear(t *rapid.T, path string, size int) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	line := `{"question_id":"sum","generation_id":9,"label":true,"response":"2"}`
	if _, err := f.WriteString(line[:min(size, len(line)-1)]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCollectListsWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	refused := func(ctx context.Context, p negativa.Problem, n int, seed uint64) ([]eval.Completion, error) {
		if p.ID == "product" {
			return nil, errors.New("the prompt is too long")
		}
		return right(ctx, p, n, seed)
	}
	err := collect(t, path, collection(refused))
	for _, want := range []string{"10 of 30 samples are missing", `question "product": 0-9 (the prompt is too long)`, "the same command again", path} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := eval.File(path, 10, nil, eval.DefaultBootstrap(1)); err != nil {
		t.Errorf("what is there cannot be read: %v", err)
	}
	if err := collect(t, path, collection(right)); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

func TestCollectStops(t *testing.T) {
	many := make([]negativa.Problem, 100)
	for i := range many {
		many[i] = negativa.Problem{ID: fmt.Sprint(i)}
	}
	for name, c := range map[string]struct {
		err  error
		most int
		want string
	}{
		"hopeless":     {fmt.Errorf("ask: %w", eval.NewHopeless(errors.New("no key"))), 4, "no key"},
		"server gone":  {errors.New("connection refused"), 11, "8 requests in a row failed, the last with: connection refused"},
		"empty answer": {nil, 11, "the answer has no completion"},
	} {
		var mu sync.Mutex
		calls := 0
		ask := func(context.Context, negativa.Problem, int, uint64) ([]eval.Completion, error) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			return nil, c.err
		}
		store := openStore(t, filepath.Join(t.TempDir(), "samples.jsonl"))
		err := collection(ask).Into(t.Context(), store, many)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "1000 of 1000 samples are missing") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if calls > c.most {
			t.Errorf("%s: asked %d times", name, calls)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestStoreIsOneProcesses: two that write at the ends they know would write over each other.
func TestStoreIsOneProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	first, err := eval.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eval.OpenStore(path); err == nil || !strings.Contains(err.Error(), path+": another process is writing to it") {
		t.Errorf("a file that is open: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := eval.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func TestStoreRefuses(t *testing.T) {
	sample := eval.Sample{QuestionID: "sum", GenerationID: "0", Verdict: negativa.Wrong}
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	store := openStore(t, path)
	if err := store.Append([]eval.Sample{sample}); err != nil {
		t.Fatal(err)
	}
	if err := store.Append([]eval.Sample{{QuestionID: "sum", GenerationID: "1", Verdict: negativa.Wrong}, sample}); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a sample was kept twice: %v", err)
	}
	if store.Len() != 1 || len(store.Missing("sum", 2)) != 1 {
		t.Errorf("half of a refused append was kept: %d samples", store.Len())
	}
	if err := store.Sort(arithmetic[1:]); err == nil || !strings.Contains(err.Error(), "other questions") {
		t.Errorf("a sample of no problem was ordered: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := eval.OpenStore(file(t, "hello\n")); err == nil || !strings.Contains(err.Error(), ":1: the line is not JSON") {
		t.Errorf("a file of something else was opened: %v", err)
	}
}
