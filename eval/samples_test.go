package eval_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const graded = `{"question_id":"a","generation_id":0,"label":true}
{"question_id":"a","generation_id":1,"label":false}
{"question_id":7,"generation_id":"x","label":false}
{"question_id":7,"generation_id":"y","label":false,"other":[1,2]}

{"question_id":7,"generation_id":"z","label":true}
`

func TestFile(t *testing.T) {
	e, err := eval.File(file(t, graded), 0, []int{2, 1}, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	if e.N != 2 || e.Problems != 2 {
		t.Errorf("n = %d, problems = %d", e.N, e.Problems)
	}
	// Pass@1 = (1/2 + 1/3)/2; Pass@2 = (1 + 2/3)/2.
	for k, want := range map[int]float64{1: 5.0 / 12, 2: 5.0 / 6} {
		if got, ok := e.PassAtK.At(k); !ok || math.Abs(got-want) > 1e-15 {
			t.Errorf("Pass@%d = %v, want %v", k, got, want)
		}
	}
	if e.MajorityAtK != nil || e.DistinctCorrect != nil || e.Entropy != nil {
		t.Errorf("numbers out of nothing: %+v", e)
	}
	if len(e.Conditions.SHA256) != 64 {
		t.Errorf("the file's hash is %q", e.Conditions.SHA256)
	}
}

func TestFileTakesTheFirstN(t *testing.T) {
	e, err := eval.File(file(t, graded), 2, nil, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.PassAtK.At(1); got != 0.25 {
		t.Errorf("Pass@1 of the first two = %v, want 0.25", got)
	}
}

func TestFileRefuses(t *testing.T) {
	ok := `{"question_id":"a","generation_id":0,"label":true}` + "\n"
	for name, c := range map[string]struct {
		content, want string
		n             int
	}{
		"fewer than asked":   {content: graded, n: 3, want: `question "a" has 2 samples and 3 were asked for`},
		"empty":              {content: "", want: "no samples"},
		"not JSON":           {content: ok + "label: true\n", want: ":2: the line is not JSON"},
		"cut off":            {content: ok + `{"question_id":"b","gene`, want: ":2: the line is cut off"},
		"an array":           {content: "[1]\n", want: "the line is a JSON array"},
		"no question":        {content: `{"generation_id":0,"label":true}`, want: ":1: there is no question_id"},
		"no generation":      {content: `{"question_id":0,"label":true}`, want: ":1: there is no generation_id"},
		"no label":           {content: `{"question_id":0,"generation_id":0}`, want: ":1: there is no label"},
		"label is text":      {content: `{"question_id":0,"generation_id":0,"label":"yes"}`, want: "label is a JSON string"},
		"question is a list": {content: `{"question_id":[1],"generation_id":0,"label":true}`, want: "[1] is neither text nor a number"},
		"half an id":         {content: `{"question_id":1.5,"generation_id":0,"label":true}`, want: "question_id is 1.5"},
		"twice":              {content: ok + ok, want: `:2: question_id "a" with generation_id "0" was on line 1`},
		"contradiction":      {content: `{"question_id":0,"generation_id":0,"label":true,"verdict":"wrong"}`, want: "contradict"},
		"unknown verdict":    {content: `{"question_id":0,"generation_id":0,"label":true,"verdict":"nice"}`, want: "nice"},
		"broken gold":        {content: `{"question_id":0,"generation_id":0,"label":false,"verdict":"unparsed gold"}`, want: "gold answer cannot be read"},
		"negative length":    {content: `{"question_id":0,"generation_id":0,"label":false,"num_tokens":-1}`, want: "num_tokens is -1"},
		"unknown stop":       {content: `{"question_id":0,"generation_id":0,"label":false,"stop":"tired"}`, want: `stop is "tired"`},
		"negative n":         {content: ok, n: -1, want: "n is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eval.File(file(t, c.content), c.n, nil, eval.DefaultBootstrap(1))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), "samples.jsonl") {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
	if _, err := eval.File(file(t, graded), 0, []int{3}, eval.DefaultBootstrap(1)); err == nil || !strings.Contains(err.Error(), "k is 3") {
		t.Errorf("Pass@3 of two samples: %v", err)
	}
	if _, err := eval.File(filepath.Join(t.TempDir(), "none"), 0, nil, eval.DefaultBootstrap(1)); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestSamplesRoundTrip: what is written is read, and evaluates alike.
func TestSamplesRoundTrip(t *testing.T) {
	logprobs := []float32{-0.5, -0.25}
	groups := []negativa.Group{{
		Problem: negativa.Problem{ID: "p 1", Prompt: "1,2=3:", Gold: "1+2=3"},
		Rollouts: []negativa.Rollout{
			{Sample: 0, Text: "1+2=3", Tokens: []negativa.Token{1, 2}, Logprobs: logprobs, Stop: negativa.StopToken, Verdict: negativa.Verdict{Outcome: negativa.Correct, Answer: "1+2=3"}},
			{Sample: 1, Text: "\"<\\", Tokens: []negativa.Token{1, 2}, Logprobs: logprobs, Stop: negativa.StopLength, Verdict: negativa.Verdict{Outcome: negativa.UnparsedPrediction, Reason: "no step"}},
		},
	}}
	var out bytes.Buffer
	if err := eval.WriteSamples(&out, groups); err != nil {
		t.Fatal(err)
	}
	var read []eval.Sample
	for s, err := range eval.ReadSamples(bytes.NewReader(out.Bytes()), "samples") {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, s)
	}
	if len(read) != 2 || !read[0].Label || read[1].Label || read[1].Response != "\"<\\" || *read[1].PredAnswer != "" ||
		read[0].Tokens != 2 || *read[0].LogprobSum != -0.75 || read[1].Stop != negativa.StopLength {
		t.Errorf("read back %+v", read)
	}
	e, err := eval.File(file(t, out.String()), 2, nil, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	if *e.DistinctCorrect != 1 || *e.NegLogprob != 0.375 || *e.TruncatedRatio != 0.5 || e.Entropy != nil {
		t.Errorf("evaluation %+v", e)
	}
}

func TestByKKeepsTheOrderOfK(t *testing.T) {
	curve := eval.ByK[float64]{{K: 1, Value: 0.5}, {K: 2, Value: 0.75}, {K: 16, Value: 1}}
	raw, err := json.Marshal(curve)
	if err != nil || string(raw) != `{"1":0.5,"2":0.75,"16":1}` {
		t.Errorf("%s, %v", raw, err)
	}
	var back eval.ByK[float64]
	if err := json.Unmarshal([]byte(`{"16":1,"1":0.5,"2":0.75}`), &back); err != nil || len(back) != 3 || back[2] != curve[2] {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{`{"x":1}`, `{"0":1}`, `[1]`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, ok := curve.At(4); ok {
		t.Error("there is no value at 4")
	}
}
