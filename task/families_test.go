package task

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// The vocabulary of the base model is that of the families it was made for.
func TestAlphabetIsThatOfTheBaseModel(t *testing.T) {
	both := []byte(family("countdown").Alphabet() + family("paths").Alphabet())
	slices.Sort(both)
	if got := string(slices.Compact(both)); got != Alphabet() {
		t.Errorf("the alphabet is %q, countdown and paths need %q", Alphabet(), got)
	}
}

// Every family is there at every level, and prompts with answers grow from one to the next.
func TestLevelsGrow(t *testing.T) {
	const n = 100
	for _, name := range Names() {
		if Levels(name) < 3 || About(name) == "" {
			t.Errorf("%s has %d levels and is described as %q", name, Levels(name), About(name))
		}
		last := 0
		for level := 1; level <= Levels(name); level++ {
			f := family(fmt.Sprintf("%s:level=%d", name, level))
			length := 0
			for i := range uint64(n) {
				p := f.Problem(Train, 1, i)
				length += len(p.Prompt) + len(f.Trace(p, i))
			}
			if length <= last {
				t.Errorf("%s: %.1f characters at level %d, %.1f below it", name, float64(length)/n, level, float64(last)/n)
			}
			last = length
		}
	}
}

// A name says everything: it makes the same family again.
func TestNamesMakeTheFamilyAgain(t *testing.T) {
	each(t, func(t *testing.T, f Family) {
		again, err := New(f.Name())
		if err != nil || again.Name() != f.Name() || again.Problem(Test, 3, 4) != f.Problem(Test, 3, 4) {
			t.Errorf("%s made %v, %v", f.Name(), again, err)
		}
	})
}

// A level holds as many problems of each split as eval asks for unless told otherwise.
func TestLevelsHoldEnoughProblems(t *testing.T) {
	const n = 200
	for _, name := range Names() {
		for level := range Levels(name) + 1 {
			spec := name
			if level > 0 {
				spec = fmt.Sprintf("%s:level=%d", name, level)
			}
			if _, err := Problems(family(spec), Test, 1, n); err != nil {
				t.Error(err)
			}
		}
	}
}

// A model of the default size can be made for every family under its defaults.
func TestDefaultsFitTheDefaultModel(t *testing.T) {
	const positions = 128
	for _, name := range Names() {
		for i := range uint64(200) {
			if p := family(name).Problem(Train, 1, i); len(p.Prompt)+family(name).MaxCompletion() > positions {
				t.Errorf("%s: the prompt %q and an answer need %d positions", name, p.Prompt, len(p.Prompt)+family(name).MaxCompletion())
			}
		}
	}
}

// What the comments of families, and their errors, give as examples.
func TestExamplesHold(t *testing.T) {
	examples := map[string][]string{
		"((1&0)|!1):":    {"(0|!1)=(0|0)=0"},
		"([(>5:":         {")]())", "[])])"},
		"bad+3:":         {"edg"},
		"3+4*2-5:":       {"3+4=7;7*2=14;14-5=9"},
		"12/1,4,6,9:":    {"6+6"},
		"ab,ac,bd:":      {"1223"},
		"7,3,5=16:":      {"3*7=21;21-5=16"},
		"(48,18):":       {"48%18=12;18%12=6;12%6=0;6"},
		"a1>d4,c2,g7:":   {"a1b3d4"},
		"a1>d4:":         {"a1b3d4", "a1c2d4"},
		"3*a+4=19:":      {"19-4=15;15/3=5"},
		"3*a-4=11:":      {"11+4=15;15/3=5"},
		"17x18:":         {"d17*10=170;17*8=136;170+136=306", "r17*20=340;17*2=34;340-34=306", "f17*2=34;34*9=306"},
		"5*6+4%7:":       {"5*6=2;2+4=6"},
		"1101:":          {"1001"},
		"ab,bc,ac=a>c:":  {"abc", "ac"},
		"13>2:":          {"13=6*2+1;6=3*2+0;3=1*2+1;1=0*2+1;1101"},
		"<badcab:":       {"bacdab"},
		"2,5,10,17,:":    {"3,5,7;2,2>2>9>26"},
		"7,3,5,3:":       {"3,3,5,7"},
		"3,5,8,9,14>17:": {"3+14", "8+9", "3+5+9"},
	}
	for _, name := range Names() {
		read := 0
		for prompt, answers := range examples {
			p := negativa.Problem{Prompt: prompt}
			if _, err := family(name).Answers(p); err != nil {
				continue
			}
			read++
			for _, a := range answers {
				if v := family(name).Verify(p, a); v.Outcome != negativa.Correct {
					t.Errorf("%s: %s %q is %v (%s)", name, prompt, a, v.Outcome, v.Reason)
				}
			}
		}
		_, err := family(name).Answers(negativa.Problem{Prompt: "?"})
		_, form, _ := strings.Cut(err.Error(), "its form is ")
		if example, _ := strconv.Unquote(form); read == 0 || examples[example] == nil && name != "countdown" {
			t.Errorf("%s reads %d examples; its error gives %q", name, read, form)
		}
	}
}

// In a mixture a prompt says which task it is: no other family reads it.
func TestPromptsAreOfOneFamily(t *testing.T) {
	for _, name := range Names() {
		for _, other := range Names() {
			for i := range uint64(30) {
				p := family(name).Problem(Train, 1, i)
				if _, err := family(other).Answers(p); (err == nil) != (name == other) {
					t.Errorf("the prompt %q of %s is one of %s: %v", p.Prompt, name, other, err == nil)
				}
			}
		}
	}
}

// The verifiers against judges that share nothing with them, on all short texts, on texts
// near to right answers, and on the answers of other problems.
func TestVerifiersAgainstJudges(t *testing.T) {
	for _, name := range Names() {
		judge := judges[name]
		if judge == nil {
			if name != "countdown" && name != "paths" { // which have tests of their own
				t.Errorf("%s has no judge", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := family(name + ":level=1")
			right := 0
			for i := range uint64(12) {
				p := f.Problem(Train, 1, i)
				for _, text := range texts(f, p) {
					want := judge(strings.TrimSuffix(p.Prompt, ":"), text)
					if v := f.Verify(p, text); (v.Outcome == negativa.Correct) != want {
						t.Fatalf("%s %q is %v (%s), the judge says %v", p.Prompt, text, v.Outcome, v.Reason, want)
					}
					if want {
						right++
					}
				}
			}
			if right < 12 {
				t.Errorf("only %d texts were right", right)
			}
		})
	}
}

// texts are candidates for an answer.
func texts(f Family, p negativa.Problem) []string {
	answers, _ := f.Answers(p)
	alphabet := answerAlphabet(answers)
	all := append(short(alphabet, 3000), answers...)
	for i, a := range answers[:min(6, len(answers))] {
		all = append(all, edits(a, alphabet)...)
		s := draw.New(uint64(i), "edits")
		for j := range uint64(200) {
			text := []byte(a)
			text[s.At(j).IntN(0, len(a))] = alphabet[s.At(j).IntN(1, len(alphabet))]
			text[s.At(j).IntN(2, len(a))] = alphabet[s.At(j).IntN(3, len(alphabet))]
			all = append(all, string(text))
		}
	}
	for i := range uint64(60) {
		all = append(all, f.Problem(Test, 1, i).Gold)
	}
	return all
}

// answerAlphabet has the characters of the answers, and all digits if there are some.
func answerAlphabet(answers []string) string {
	all := []byte(strings.Join(answers, ""))
	if strings.ContainsAny(string(all), "456789") {
		all = append(all, digits...)
	}
	slices.Sort(all)
	return string(slices.Compact(all))
}

// short lists all texts up to a length that makes them at most so many.
func short(alphabet string, most int) []string {
	all, longest := []string{""}, []string{""}
	for len(all)+len(longest)*len(alphabet) <= most {
		var longer []string
		for _, text := range longest {
			for i := range len(alphabet) {
				longer = append(longer, text+alphabet[i:i+1])
			}
		}
		all, longest = append(all, longer...), longer
	}
	return all
}

// edits are all texts with one character replaced, added or left out.
func edits(text, alphabet string) []string {
	var out []string
	for i := range len(text) + 1 {
		for j := range len(alphabet) {
			out = append(out, text[:i]+alphabet[j:j+1]+text[i:])
			if i < len(text) {
				out = append(out, text[:i]+alphabet[j:j+1]+text[i+1:])
			}
		}
		if i < len(text) {
			out = append(out, text[:i]+text[i+1:])
		}
	}
	return out
}

// Strategy and execution: the letters of methods, and where an answer went wrong.
func TestMethodsAreTagged(t *testing.T) {
	f, ok := family("methods").(Tagged)
	if !ok {
		t.Fatal("methods is not Tagged")
	}
	for i := range uint64(100) {
		p := f.Problem(Train, 1, i)
		answers, _ := f.Answers(p)
		first := map[byte]bool{}
		for _, a := range answers {
			first[a[0]] = true
			for at, tag := range f.Tags(a) {
				if (tag == Strategy) != (a[at] >= 'a') {
					t.Errorf("character %d of %q is %v", at, a, tag)
				}
			}
			if _, wrong := f.Mistake(p, a); wrong {
				t.Errorf("%s: the answer %q has a mistake", p.Prompt, a)
			}
		}
		if len(first) < 2 {
			t.Errorf("%s leaves no choice: %v", p.Prompt, answers)
		}
	}
	for _, c := range []struct {
		prompt, text string
		want         Tag
		mistaken     bool
	}{
		{"17x14:", "d17*10=170;17*4=68;170+68=238", Execution, false},
		{"17x14:", "d17*10=170;17*4=69;170+69=239", Execution, true},
		{"17x14:", "d17*10=170", Execution, true},
		{"17x14:", "r17*20=340;17*6=102;340-102=238", Strategy, true},
		{"17x13x14:", "d17*10=170;17*3=51;170+51=221;r221*20=4420;221*6=1326;4420-1326=3094", Strategy, true},
		{"17x14:", "what", Execution, false},
		{"17:", "d17*10=170", Execution, false},
		{"17x50:", "d17*50=850", Execution, false},
	} {
		if tag, mistaken := f.Mistake(negativa.Problem{Prompt: c.prompt}, c.text); tag != c.want || mistaken != c.mistaken {
			t.Errorf("%s %q: %v, %v; want %v, %v", c.prompt, c.text, tag, mistaken, c.want, c.mistaken)
		}
	}
}

// Unsuited traces have right sums and a mistake of strategy, wherever rounding is one, and
// are as many as was asked for; problems, answers and verdicts are those of any methods.
func TestUnsuitedTraces(t *testing.T) {
	const n = 2000
	f, plain := family("methods:unsuited=30"), family("methods")
	wrong, can := 0.0, 0.0
	for i := range uint64(n) {
		p := f.Problem(Train, 3, i)
		if q := plain.Problem(Train, 3, i); q != p {
			t.Fatalf("problem %v, without unsuited %v", p, q)
		}
		trace, v := f.Trace(p, i), f.Verify(p, f.Trace(p, i))
		if v != plain.Verify(p, trace) || len(trace) >= f.MaxCompletion() {
			t.Fatalf("%s %q: %v", p.Prompt, trace, v)
		}
		if units := atoi(p.Prompt[len(p.Prompt)-2 : len(p.Prompt)-1]); units > 0 && units < 8 {
			can++
		} else if v.Outcome != negativa.Correct {
			t.Errorf("%s %q is %v: %s", p.Prompt, trace, v.Outcome, v.Reason)
		}
		if v.Outcome == negativa.Correct {
			continue
		}
		wrong++
		right := strings.Split(p.Gold, "=")
		if tag, mistaken := f.(Tagged).Mistake(p, trace); !mistaken || tag != Strategy || !strings.HasSuffix(trace, "="+right[len(right)-1]) {
			t.Errorf("%s %q: mistaken %v, of %v", p.Prompt, trace, mistaken, tag)
		}
	}
	if share := wrong / can; math.Abs(share-0.3) > 5*math.Sqrt(0.3*0.7/can) {
		t.Errorf("%.3f of the traces that can be are unsuited, want 0.3", share)
	}
}

// What a mixture's problems are of is what their parts are.
func TestAsLooksIntoMixtures(t *testing.T) {
	f := family("methods+chain:plain=1,code=1+gcd")
	for i := range uint64(30) {
		p := f.Problem(Train, 1, i)
		_, tagged := As[Tagged](f, p)
		_, formatted := As[Formatted](f, p)
		if tagged != (p.Task == "methods") || formatted != (p.Task == "chain") {
			t.Errorf("%s is tagged: %v, formatted: %v", p.ID, tagged, formatted)
		}
	}
	stranger := family("parity").Problem(Train, 1, 1)
	if _, ok := As[Family](f, stranger); ok {
		t.Error("a mixture knows a problem of another task")
	}
	if _, ok := As[Tagged](family("methods"), stranger); !ok {
		t.Error("methods is not Tagged")
	}
	for spec, want := range map[string]bool{"methods": true, "gcd": false, "methods+methods:factors=3": true, "methods+gcd": false} {
		if All[Tagged](family(spec)) != want {
			t.Errorf("all problems of %s are tagged: %v", spec, !want)
		}
	}
}

func TestMixtureDrawsByWeight(t *testing.T) {
	f := family("countdown@3+chain:level=1+methods+chain:level=3")
	const n = 3000
	counts := map[string]float64{}
	terms := map[int]float64{}
	for i := range uint64(n) {
		p := f.Problem(Train, 5, i)
		counts[p.Task]++
		if p.Task == "chain" {
			terms[strings.Count(p.Gold, "=")]++
		}
	}
	for task, want := range map[string]float64{"countdown": 3. / 6, "chain": 2. / 6, "methods": 1. / 6} {
		if got := counts[task] / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n) {
			t.Errorf("%.3f of the problems are of %s, want %.3f", got, task, want)
		}
	}
	if len(terms) != 2 || math.Abs(terms[1]-terms[3]) > 5*math.Sqrt(n/3) {
		t.Errorf("steps of chains: %v", terms)
	}
	stranger := family("gcd").Problem(Train, 1, 1)
	if v := f.Verify(stranger, stranger.Gold); v.Outcome != negativa.UnparsedGold || !strings.Contains(v.Reason, `"gcd"`) || f.Trace(stranger, 1) != "" {
		t.Errorf("a problem of another task is %v (%s)", v.Outcome, v.Reason)
	}
	if _, err := Mixture(nil, nil); err == nil {
		t.Error("a mixture of nothing")
	}
}

// A problem does not know how hard its family was told to be: all levels verify it, and
// put it into the same split.
func TestVerifiersIgnoreOptions(t *testing.T) {
	for _, name := range Names() {
		hard, easy := family(fmt.Sprintf("%s:level=%d", name, Levels(name))), family(name+":level=1")
		for i := range uint64(10) {
			p := hard.Problem(Train, 1, i)
			if v := easy.Verify(p, hard.Trace(p, i)); v.Outcome != negativa.Correct {
				t.Errorf("%s: %s, made at the last level, is %v at the first (%s)", name, p.Prompt, v.Outcome, v.Reason)
			}
		}
	}
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text {
		return math.MinInt32 // not a number as it is written here
	}
	return n
}
