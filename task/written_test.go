package task

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
)

var inEveryFormat = []string{"chain:plain=2,words=1,code=1", "countdown:plain=2,words=1,code=1", "countdown:numbers=4,max=12,plain=2,words=1,code=1", "linear:plain=2,words=1,code=1"}

func formatted(t *testing.T, spec string) Formatted {
	t.Helper()
	f, ok := family(spec).(Formatted)
	if !ok {
		t.Fatalf("%s is not Formatted", spec)
	}
	return f
}

// A trace is right in any format, its canonical form is the plain one, and formats are
// drawn by their weights.
func TestFormatsAreDrawnByWeight(t *testing.T) {
	const n = 2000
	for _, spec := range inEveryFormat {
		f := formatted(t, spec)
		problems, err := Problems(f, Train, 1, 20)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]float64{}
		for i := range uint64(n) {
			p := problems[i%20]
			trace := f.Trace(p, i)
			counts[f.Format(trace)]++
			v := f.Verify(p, trace)
			if v.Outcome != negativa.Correct || f.Format(v.Answer) != Plain || len(trace) >= f.MaxCompletion() {
				t.Fatalf("%s %q is %v (%s), in canonical form %q", p.Prompt, trace, v.Outcome, v.Reason, v.Answer)
			}
		}
		for format, want := range map[string]float64{Plain: 0.5, Words: 0.25, Code: 0.25} {
			if got := counts[format] / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n) {
				t.Errorf("%s: %.3f of the traces are %s, want %.2f", spec, got, format, want)
			}
		}
	}
}

// Formats exclude each other, and a text's format does not depend on whether it is right.
func TestFormatAndContentAreSeparate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := family(rapid.SampledFrom(inEveryFormat).Draw(t, "task")).(Formatted)
		p := f.Problem(Train, 2, rapid.Uint64Range(0, 100).Draw(t, "problem"))
		trace := f.Trace(p, rapid.Uint64().Draw(t, "trace"))
		changed := strings.Map(func(r rune) rune {
			if r >= '1' && r <= '8' {
				return r + rune(rapid.IntRange(0, 1).Draw(t, "change"))
			}
			return r
		}, trace)
		if f.Format(changed) != f.Format(trace) {
			t.Errorf("%q is %q, with other digits, %q, it is %q", trace, f.Format(trace), changed, f.Format(changed))
		}
		matching := 0
		for _, grammar := range grammars {
			if grammar.MatchString(changed) {
				matching++
			}
		}
		if matching != 1 {
			t.Errorf("%q has %d formats", changed, matching)
		}
		if v, plain := f.Verify(p, changed), f.Verify(p, trace).Answer; v.Outcome == negativa.Correct && v.Answer != plain {
			if answers, _ := f.Answers(p); !slices.Contains(answers, v.Answer) {
				t.Errorf("%s: %q is called right", p.Prompt, changed)
			}
		}
	})
}

func TestFormatsSayWhy(t *testing.T) {
	const prompt = "7,3,5=16:"
	f := formatted(t, "countdown:plain=2,words=1,code=1")
	for _, c := range []struct {
		text, format string
		want         negativa.Outcome
		reason       string
	}{
		{"7*3=21;21-5=16", Plain, negativa.Correct, ""},
		{"7 times 3 is 21, 21 minus 5 is 16", Words, negativa.Correct, ""},
		{"7 times 3 is 20, 20 minus 5 is 15", Words, negativa.Wrong, "result is 21"},
		{"7 times 3 is 21; 21 minus 5 is 16", "", negativa.UnparsedPrediction, "none of the formats plain, words, code"},
		{"7 times 3 is 21, 21-5=16", "", negativa.UnparsedPrediction, "none"},
		{"a=7*3;b=a-5;b==16", Code, negativa.Correct, ""},
		{"a=7*3;b=21-5;b==16", Code, negativa.Correct, ""},
		{"a=7*3;b=a-5;b==15", Code, negativa.Wrong, "result is 16"},
		{"a=7*3;b=a+5;b==26", Code, negativa.Wrong, "target 16"},
		{"a=7*3;b=a-5;a==16", Code, negativa.Wrong, "not with its last result, b"},
		{"b=7*3;b=b-5;b==16", Code, negativa.Wrong, "in order"},
		{"a=b*3;b=a-5;b==16", Code, negativa.Wrong, "before it has a value"},
		{"a=7/3;b=a-5;b==16", Code, negativa.Wrong, "remainder"},
		{"a=3-7;b=a-5;b==16", Code, negativa.Wrong, "no sign"},
		{"a=999999999*999999999;b=a-5;b==16", Code, negativa.Wrong, "digits"},
		{"a=7*3;b=a-5", "", negativa.UnparsedPrediction, "none"},
		{strings.Repeat("1", 1<<20), "", negativa.OverBudget, "bytes"},
	} {
		v := f.Verify(negativa.Problem{Prompt: prompt}, c.text)
		if format := f.Format(c.text); format != c.format || v.Outcome != c.want || !strings.Contains(v.Reason, c.reason) {
			t.Errorf("%.40q has format %q and is %v (%s), want %q, %v (… %s …)", c.text, format, v.Outcome, v.Reason, c.format, c.want, c.reason)
		}
	}
}
