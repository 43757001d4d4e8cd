package task

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
)

// specs are the families and options that every law below is held against.
var specs = append(everyTask(),
	"countdown:numbers=2,max=9,answers=1", "countdown:numbers=4,max=12", "paths:nodes=4,edges=7",
	"chain:plain=1,words=1,code=1", "countdown:words=1,code=2", "linear:code=1",
	"countdown@3+chain:level=1+methods+chain:level=3",
)

// everyTask names each family under its defaults and at its first level.
func everyTask() []string {
	var all []string
	for _, name := range Names() {
		all = append(all, name, name+":level=1")
	}
	return all
}

// family makes one, once.
var family = func() func(spec string) Family {
	made := map[string]Family{}
	return func(spec string) Family {
		if made[spec] == nil {
			f, err := New(spec)
			if err != nil {
				panic(err)
			}
			made[spec] = f
		}
		return made[spec]
	}
}()

func each(t *testing.T, check func(t *testing.T, f Family)) {
	t.Helper()
	for _, spec := range specs {
		t.Run(spec, func(t *testing.T) { check(t, family(spec)) })
	}
}

func TestProblemIsAFunctionOfItsAddress(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		for i := uint64(20); i > 0; i-- {
			if a, b := f.Problem(Train, 7, i), f.Problem(Train, 7, i); a != b {
				t.Errorf("problem %d is %+v, then %+v", i, a, b)
			}
		}
		if f.Problem(Train, 7, 1) == f.Problem(Train, 8, 1) && f.Problem(Train, 7, 2) == f.Problem(Train, 8, 2) {
			t.Error("two seeds give the same problems")
		}
	})
}

func TestSplitsAreDisjoint(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		owner := map[string]Split{}
		for _, split := range []Split{Pretrain, Train, Test} {
			for seed := range uint64(3) {
				for i := range uint64(200) {
					id := f.Problem(split, seed, i).ID
					if other, seen := owner[id]; seen && other != split {
						t.Fatalf("problem %s is in the %s and in the %s split", id, other, split)
					}
					owner[id] = split
				}
			}
		}
	})
}

// The verifier accepts every answer the enumerator lists, as itself, and every trace.
func TestVerifierAcceptsWhatIsRight(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		for i := range uint64(60) {
			p := f.Problem(Test, 1, i)
			answers, err := f.Answers(p)
			if err != nil || len(answers) == 0 || !slices.IsSorted(answers) || !slices.Contains(answers, p.Gold) {
				t.Fatalf("%s: answers %v, gold %q, error %v", p.ID, answers, p.Gold, err)
			}
			for _, a := range answers {
				if v := f.Verify(p, a); v.Outcome != negativa.Correct || v.Answer != a {
					t.Errorf("%s: answer %q is %v (%s) in canonical form %q", p.ID, a, v.Outcome, v.Reason, v.Answer)
				}
			}
			for seed := range uint64(5) {
				trace := f.Trace(p, seed)
				if v := f.Verify(p, trace); v.Outcome != negativa.Correct || !slices.Contains(answers, v.Answer) {
					t.Errorf("%s: trace %q is %v (%s)", p.ID, trace, v.Outcome, v.Reason)
				}
				if strings.Trim(p.Prompt+trace, f.Alphabet()) != "" || len(trace)+1 > f.MaxCompletion() {
					t.Errorf("%s: %q%q leaves the alphabet or %d characters", p.ID, p.Prompt, trace, f.MaxCompletion())
				}
			}
		}
	})
}

// A changed answer is correct only if it is another of the answers.
func TestVerifierRejectsWhatIsNotListed(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		rapid.Check(t, func(t *rapid.T) {
			p := f.Problem(Test, 2, rapid.Uint64Range(0, 50).Draw(t, "problem"))
			text := []byte(f.Trace(p, rapid.Uint64().Draw(t, "trace")))
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				at := rapid.IntRange(0, len(text)-1).Draw(t, "place")
				text[at] = rapid.SampledFrom([]byte(f.Alphabet())).Draw(t, "character")
			}
			checkVerdict(t, f, p, string(text))
		})
	})
}

func checkVerdict(t interface {
	Helper()
	Errorf(string, ...any)
}, f Family, p negativa.Problem, text string,
) {
	t.Helper()
	v := f.Verify(p, text)
	answers, err := f.Answers(p)
	if err != nil {
		t.Errorf("%s: %v", p.ID, err)
	}
	switch {
	case v.Outcome == negativa.Correct && !slices.Contains(answers, v.Answer):
		t.Errorf("%s: %q is called correct but not listed", p.Prompt, text)
	case v.Outcome != negativa.Correct && slices.Contains(answers, text):
		t.Errorf("%s: %q is listed but called %v: %s", p.Prompt, text, v.Outcome, v.Reason)
	case v.Outcome != negativa.Correct && v.Reason == "":
		t.Errorf("%s: %q is %v without a reason", p.Prompt, text, v.Outcome)
	case v.Outcome == negativa.Unverified || v.Outcome == negativa.UnparsedGold:
		t.Errorf("%s: %q is %v", p.Prompt, text, v.Outcome)
	}
}

func FuzzVerify(f *testing.F) {
	for _, text := range []string{"", "3*7=21;21-5=16", "abcd", "1/0=1", "0/5=0", "999999999*999999999=1", ";;", "٣*7=21", "3*7=21;21-5=16;", "\xff"} {
		f.Add(uint64(0), text)
	}
	f.Fuzz(func(t *testing.T, index uint64, text string) {
		for _, spec := range specs {
			checkVerdict(t, family(spec), family(spec).Problem(Test, 1, index%64), text)
		}
	})
}

// Any text may come as a prompt: it has answers, which are then accepted, or is refused.
func FuzzPrompt(f *testing.F) {
	for _, spec := range specs {
		p := family(spec).Problem(Test, 1, 0)
		f.Add(p.Prompt, p.Gold)
	}
	for _, prompt := range []string{"", ":", "%:", "0%0:", "(1,0):", "0>0:", "1>1:", "=:", "/:", "0/1:", "ab,:", ">:", "(>99:", "a1>a1:", "aa=0>0", "0*a+0=0:", ",:", "1,1,1,:", "1*1*1:", "\xff:"} {
		f.Add(prompt, prompt)
	}
	f.Fuzz(func(t *testing.T, prompt, text string) {
		for _, name := range Names() {
			p := negativa.Problem{Task: name, Prompt: prompt}
			answers, err := family(name).Answers(p)
			if v := family(name).Verify(p, text); (v.Outcome == negativa.UnparsedGold) != (err != nil) {
				t.Errorf("%s, prompt %q: answers %v, %v; verdict %v (%s)", name, prompt, answers, err, v.Outcome, v.Reason)
			}
			for _, a := range answers[:min(3, len(answers))] {
				if v := family(name).Verify(p, a); v.Outcome != negativa.Correct && len(a) < maxAnswerBytes && !strings.Contains(v.Reason, "digits") {
					t.Errorf("%s, prompt %q: answer %q is %v (%s)", name, prompt, a, v.Outcome, v.Reason)
				}
			}
		}
	})
}

// Each answer is drawn equally often: χ² with a bound six deviations above its mean.
func TestTracesAreUniform(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		p := f.Problem(Train, 3, 4)
		answers, _ := f.Answers(p)
		counts := map[string]float64{}
		const n = 3000
		for seed := range uint64(n) {
			counts[f.Verify(p, f.Trace(p, seed)).Answer]++
		}
		want, chi := n/float64(len(answers)), 0.0
		for _, a := range answers {
			chi += (counts[a] - want) * (counts[a] - want) / want
		}
		if free := float64(len(answers) - 1); chi > free+6*math.Sqrt(2*free)+6 {
			t.Errorf("χ² = %.1f over %d answers", chi, len(answers))
		}
	})
}

// The enumerator against one that shares nothing with it: every order of the numbers,
// every operator, both shapes of three numbers, in rationals.
func TestCountdownAnswersAgainstBruteForce(t *testing.T) {
	f := family("countdown")
	for i := range uint64(40) {
		p := f.Problem(Train, 5, i)
		numbers, target, err := parseCountdown(p.Prompt)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			bruteForce(numbers[order[0]], numbers[order[1]], numbers[order[2]], target, want)
		}
		got, _ := f.Answers(p)
		if len(got) != len(want) {
			t.Errorf("%s: %d answers, brute force finds %d: %v, %v", p.Prompt, len(got), len(want), got, want)
		}
		for _, a := range got {
			if !want[a] {
				t.Errorf("%s: brute force does not find %q", p.Prompt, a)
			}
		}
	}
}

// bruteForce tries (a∘b)∘c and c∘(a∘b), intermediate results positive integers.
func bruteForce(a, b, c, target int, found map[string]bool) {
	for _, first := range "+-*/" {
		x, ok := apply(first, a, b)
		if !ok {
			continue
		}
		for _, second := range "+-*/" {
			for _, swap := range []bool{false, true} {
				left, right := x, c
				if swap {
					left, right = c, x
				}
				if y, ok := apply(second, left, right); ok && y == target {
					found[line(a, first, b, x)+";"+line(left, second, right, y)] = true
				}
			}
		}
	}
}

func apply(op rune, a, b int) (int, bool) {
	x, y := big.NewRat(int64(a), 1), big.NewRat(int64(b), 1)
	switch op {
	case '+':
		x.Add(x, y)
	case '-':
		x.Sub(x, y)
	case '*':
		x.Mul(x, y)
	case '/':
		x.Quo(x, y)
	}
	return int(x.Num().Int64()), x.IsInt() && x.Sign() > 0
}

func line(a int, op rune, b, result int) string {
	if (op == '+' || op == '*') && a > b {
		a, b = b, a
	}
	return fmt.Sprintf("%d%c%d=%d", a, op, b, result)
}

func TestVerdictsSayWhy(t *testing.T) {
	for _, c := range []struct {
		spec, prompt, text string
		want               negativa.Outcome
		reason             string
	}{
		{"countdown", "7,3,5=16:", "7*3=21;21-5=16", negativa.Correct, ""},
		{"countdown", "7,3,5=16:", "7*3=20;20-5=15", negativa.Wrong, "result is 21"},
		{"countdown", "7,3,5=16:", "7*3=21", negativa.Wrong, "2 numbers are left"},
		{"countdown", "7,3,5=16:", "7*3=21;21+5=26", negativa.Wrong, "last result is 26"},
		{"countdown", "7,3,5=16:", "7*7=49;49-5=44", negativa.Wrong, "7 is not among"},
		{"countdown", "7,3,5=16:", "3-7=-4;5-4=1", negativa.UnparsedPrediction, "-4"},
		{"countdown", "7,3,5=16:", "3-7=4;5+4=9", negativa.Wrong, "result is -4"},
		{"countdown", "7,3,5=16:", "7/3=2;2*5=10", negativa.Wrong, "remainder"},
		{"countdown", "7,7,5=5:", "7-7=0;0+5=5", negativa.Wrong, "positive"},
		{"countdown", "7,3,5=16:", "07*3=21;21-5=16", negativa.UnparsedPrediction, "07"},
		{"countdown", "7,3,5=16:", "7*3=21;21-5=16;", negativa.UnparsedPrediction, "step"},
		{"countdown", "7,3,5=16:", "1234567890*1=1", negativa.OverBudget, "10 digits"},
		{"countdown", "7,3,5=16:", strings.Repeat("1", 1<<20), negativa.OverBudget, "bytes"},
		{"countdown", "what?", "7*3=21", negativa.UnparsedGold, "what?"},
		{"paths", "ab,bc,ac,cd=a>d:", "abcd", negativa.Correct, ""},
		{"paths", "ab,bc,ac,cd=a>d:", "acd", negativa.Correct, ""},
		{"paths", "ab,bc,ac,cd=a>d:", "ad", negativa.Wrong, "no edge"},
		{"paths", "ab,bc,ac,cd=a>d:", "bcd", negativa.Wrong, "starts at b"},
		{"paths", "ab,bc,ac,cd=a>d:", "abc", negativa.Wrong, "ends at c"},
		{"paths", "ab,ba,bc=a>c:", "abac", negativa.Wrong, "a twice"},
		{"paths", "ab,bc,ac,cd=a>d:", "", negativa.UnparsedPrediction, "nodes"},
		{"paths", "ab,bc,ac,cd=a>d:", "a b", negativa.UnparsedPrediction, "nodes"},
		{"paths", "ab", "ab", negativa.UnparsedGold, "ab"},
		{"paths", "ab,ab=a>b:", "ab", negativa.UnparsedGold, "ab"},
		{"chain", "3+4*2-5:", "3+4=7;7*2=14;14-5=9", negativa.Correct, ""},
		{"chain", "3+4*2-5:", "3+4=7;7*2=15;15-5=10", negativa.Wrong, `right up to "3+4=7;7*2=1", then says "5;15-5=10" where an answer says "4;14-5=9"`},
		{"chain", "3+4*2-5:", "3+4=7;7*2=14", negativa.Wrong, `ends where ";14-5=9" follows`},
		{"chain", "3+4:", "3+4=7;7-7=0", negativa.Wrong, `goes on with ";7-7=0" where it is complete`},
		{"chain", "3+4:", "seven", negativa.UnparsedPrediction, "form of an answer"},
		{"chain", "3+4:", strings.Repeat("1", 1<<20), negativa.OverBudget, "bytes"},
		{"chain", "3-4:", "3-4=0", negativa.UnparsedGold, "its form is"},
		{"subset", "3,5,8,9,14>17:", "14+3", negativa.Correct, ""},
		{"subset", "3,5,8,9,14>17:", "17", negativa.Wrong, "says"},
		{"coins", "12/1,4,6,9:", "6+6", negativa.Correct, ""},
		{"coins", "12/1,4,6,9:", "1+1+1+9", negativa.Wrong, "says"},
		{"subset", "3,5>7:", "3+5", negativa.UnparsedGold, "no right answer"},
		{"methods", "17x18:", "r17*20=340;17*2=34;340-34=306", negativa.Correct, ""},
		{"methods", "17x14:", "r17*20=340;17*6=102;340-102=238", negativa.Wrong, `right up to ""`},
	} {
		v := family(c.spec).Verify(negativa.Problem{Prompt: c.prompt}, c.text)
		if v.Outcome != c.want || !strings.Contains(v.Reason, c.reason) {
			t.Errorf("%s %.40q is %v (%s), want %v (… %s …)", c.prompt, c.text, v.Outcome, v.Reason, c.want, c.reason)
		}
	}
}

func TestUnknownNamesSuggestKnownOnes(t *testing.T) {
	for spec, want := range map[string]string{
		"countdwn":                   `"countdown"`,
		"path":                       `"paths"`,
		"gdc":                        `"gcd"`,
		"chain:level=6":              "level is 6; it must be between 1 and 5",
		"chain:level=2,term=3":       `"terms"`,
		"gcd:words=1":                "are for chain, countdown and linear",
		"chain:words=0":              "one of them must be more",
		"chain:words=-1":             "between 0 and 1000",
		"chain@x+gcd":                `weight "x"`,
		"chain@0":                    "between 1 and 1000",
		"chain+chian":                `"chain"`,
		"chain+":                     `task "" is not known`,
		"chain:words=1+chain":        "different formats",
		"methods:unsuited=1+methods": "different methods",
		"brackets:pairs=2,more=4":    "at most 3",
		"countdown:number=3":         `"numbers"`,
		"countdown:numbers=9":        "between 2 and 5",
		"countdown:numbers":          "key=number",
		"countdown:numbers=x":        "key=number",
		"paths:nodes=3,edges=20":     "only 6 edges",
		"countdown:numbers=2,max=2":  "fewer than 5 problems",
	} {
		if _, err := New(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%q) = %v, want an error with %s", spec, err, want)
		}
	}
}

func TestProblemsAreDifferentOrRefused(t *testing.T) {
	problems, err := Problems(family("countdown"), Test, 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range problems {
		if seen[p.ID] {
			t.Errorf("problem %s twice", p.ID)
		}
		seen[p.ID] = true
	}
	if _, err := Problems(family("countdown:numbers=2,max=9,answers=1"), Test, 1, 300); err == nil || !strings.Contains(err.Error(), "ask for fewer") {
		t.Errorf("three hundred problems of a split of fewer: %v", err)
	}
}
