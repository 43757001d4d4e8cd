package verify

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/negativa-lab/negativa"
)

// row is a line of the test tables.
type row struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Group      string   `json:"group"`
	Gold       string   `json:"gold"`
	Prediction string   `json:"prediction"`
	Response   string   `json:"response"`
	Expected   bool     `json:"-"`
	Want       any      `json:"expected"`
	Right      string   `json:"right"`
	Verdict    string   `json:"right_verdict"`
	AlsoOK     []string `json:"also_ok"`
	Note       string   `json:"note"`
	Verify     struct {
		FloatRounding int `json:"float_rounding"`
	} `json:"verify"`
}

// grader has the tolerance that a row of Math-Verify's tables asks for, or rests on: its
// default is six decimals.
func (r row) grader() Math {
	if strings.HasPrefix(r.Note, "tolerance") {
		return Math{decimals: cmp.Or(r.Verify.FloatRounding, 6)}
	}
	return Math{decimals: r.Verify.FloatRounding}
}

func table(t testing.TB, name string) []row {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	var rows []row
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.Expected, _ = r.Want.(bool)
		rows = append(rows, r)
	}
	return rows
}

// differences are the rows of Math-Verify's tables on which negativa says otherwise.
var differences = map[string]string{
	"mv-0032": "negativa reads a formula that holds a line break; the value is right",
	"mv-0033": "negativa reads a formula that holds a line break; the value is right",
	"mv-0116": "the gold holds a command that does not exist: negativa calls it unparsed",
	"mv-0184": "the last box counts here, and it says 255",
	"mv-0194": "boxes side by side are not a list here: the last one counts",
	"mv-0201": "an inequality and its interval are the same set",
	"mv-0204": "the gold holds a tab where \\t was meant, and is read as \\text{13}",
	"mv-0205": "boxes that a row of plus signs sets apart are not a list here",
	"mv-0232": "the gold's box is not closed",
	"mv-0238": "a row that Math-Verify disables; pairs without a mark between them are read as one list here",
	"mv-0239": "a row that Math-Verify disables: f(x) is not f(y)",
	"mv-0271": "f(x) is f(y) only when names do not count",
	"mv-0288": "1 - 1/e is not 1 + 1/e",
}

func TestMathVerifyTables(t *testing.T) {
	for _, r := range table(t, "math-verify-cases.jsonl") {
		if r.Kind != "verify" {
			continue
		}
		g := r.grader().Grade(r.Gold, r.Prediction)
		_, listed := differences[r.ID]
		if agrees := (g.Outcome == negativa.Correct) == r.Expected; agrees == listed {
			t.Errorf("%s: %v (%s), the table says %t, listed as a difference: %t", r.ID, g.Outcome, g.Reason, r.Expected, listed)
		}
	}
}

func TestIssuesOfOtherVerifiers(t *testing.T) {
	var m Math
	for _, r := range table(t, "verifier-issues.jsonl") {
		g := m.Grade(r.Gold, r.Prediction)
		if s := g.Outcome.String(); s != r.Verdict && !slices.Contains(r.AlsoOK, s) {
			t.Errorf("%s: %v (%s), want %s", r.ID, g.Outcome, g.Reason, r.Verdict)
		}
	}
}

func TestAnswers(t *testing.T) {
	var m Math
	for _, r := range table(t, "answers.jsonl") {
		g := m.Grade(r.Gold, r.Response)
		if (g.Outcome == negativa.Correct) != (r.Right == "correct") {
			t.Errorf("%s: gold %q, extracted %q: %v (%s), want %s", r.ID, r.Gold, g.Extracted, g.Outcome, g.Reason, r.Right)
		}
	}
}

func TestGradingIsTheSameInAnyGoroutine(t *testing.T) {
	var m Math
	rows := table(t, "answers.jsonl")[:400]
	want := make([]Grade, len(rows))
	for i, r := range rows {
		want[i] = m.Grade(r.Gold, r.Response)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i, r := range rows {
				if got := m.Grade(r.Gold, r.Response); got != want[i] {
					t.Errorf("%s: %+v, and %+v in another goroutine", r.ID, got, want[i])
				}
			}
		})
	}
	group.Wait()
}

// oneSided are rows whose prediction says more than their gold.
var oneSided = map[string]string{
	"c-0033": "a + b = 10 gives 10, but 10 does not give the equation",
}

func TestEqualityHasNoSides(t *testing.T) {
	var m Math
	for _, r := range table(t, "answers.jsonl") {
		g := m.Grade(r.Gold, r.Response)
		if oneSided[r.ID] != "" || g.Outcome != negativa.Correct || strings.Contains(g.PredictionNormal, "%") || strings.Contains(g.GoldNormal, "%") {
			continue
		}
		if back := m.Grade(g.Extracted, `\boxed{`+goldAnswer(r.Gold)+`}`); back.Outcome != negativa.Correct {
			t.Errorf("%s: %q equals %q, but not the other way round: %v (%s)", r.ID, r.Gold, g.Extracted, back.Outcome, back.Reason)
		}
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		mode, gold, response string
		want                 negativa.Outcome
	}{
		{"math", "5", `\boxed{4} no, \boxed{5}`, negativa.Correct},
		{"strict", "5", `\boxed{4} no, \boxed{5}`, negativa.Wrong},
		{"strict", "5", `\boxed{5}, that is \boxed{\frac{10}{2}}`, negativa.Correct},
		{"math", "5", `\boxed{1 = 2 = 5}`, negativa.Correct}, // the last member counts
		{"strict", "5", `\boxed{1 = 2 = 5}`, negativa.Wrong},
		{"strict", "5", `\boxed{4, 1 = 5}`, negativa.Wrong},
		{"strict", "5", `\boxed{5 \approx 6}`, negativa.Wrong},
		{"strict", "5", `\boxed{x = 2 + 3 = 5}`, negativa.Correct},
		{"math", "3", `\boxed{3}. Wait, it is \boxed{\frac{4`, negativa.Correct}, // what was cut off is not looked at
		{"strict", "3", `\boxed{3}. Wait, it is \boxed{\frac{4`, negativa.Wrong},
		{"math", "4", `For n % 2 we get \boxed{4}`, negativa.Correct}, // a remainder, not a comment
		{"math", `\frac13`, `\boxed{0.33333}`, negativa.Wrong},
		{"paper", `\frac13`, `\boxed{0.33333}`, negativa.Correct},
		{"paper", "0.5", `so it is 50`, negativa.Correct},
		{"math:decimals=4", `\frac13`, `\boxed{0.3333}`, negativa.Correct},
		{"math:decimals=4", `\frac13`, `\boxed{0.333}`, negativa.Wrong},
		{"math:decimals=2", `(\frac13, \sqrt2, -0.001)`, `\boxed{(0.33, 1.41, 0)}`, negativa.Correct},
		{"math:decimals=2", `[\frac13, \pi)`, `\boxed{0.33 \le x < 3.14}`, negativa.Correct},
		{"math:decimals=2", `[\frac13, \pi)`, `\boxed{0.33 < x < 3.14}`, negativa.Wrong},
		{"math:decimals=2", `\begin{pmatrix}\frac13\\1\end{pmatrix}`, `\boxed{\begin{pmatrix}0.333\\1\end{pmatrix}}`, negativa.Correct},
		{"math:decimals=2", `\frac{x}{3}`, `\boxed{0.33x}`, negativa.Wrong},
		{"math:decimals=2", `2^{100}\sqrt2`, `\boxed{2^{100}\sqrt2+1}`, negativa.Wrong},
		{"math:decimals=2", `2^{100}`, `\boxed{2^{100}+1}`, negativa.Wrong},
		{"math:decimals=2", `0.13`, `\boxed{\frac{\arctan 1}{2\pi}}`, negativa.Correct}, // a tie, however it is written
		{"math:decimals=2", `5\%`, `\boxed{0.0549}`, negativa.Wrong},
		{"strict:decimals=2", `\frac13`, `\boxed{\frac13}, so \boxed{0.33}`, negativa.Correct},
		{"strict:decimals=2", `\frac13`, `\boxed{0.4}, no: \boxed{0.33}`, negativa.Wrong},
		{"math", "5", `\boxed{}`, negativa.UnparsedPrediction},
		{"math", "", `\boxed{5}`, negativa.UnparsedGold},
	} {
		m, err := New(c.mode)
		if err != nil {
			t.Fatal(err)
		}
		if g := m.Grade(c.gold, c.response); g.Outcome != c.want {
			t.Errorf("%s: %q against %q: %v (%s), want %v", c.mode, c.gold, c.response, g.Outcome, g.Reason, c.want)
		}
	}
	for mode, says := range map[string]string{
		"strickt":         `"strict"`,
		"math:4":          "math:decimals=4",
		"math:decimals=0": "from 1 to 12", "math:decimals=13": "from 1 to 12", "math:decimals=x": "from 1 to 12", "math:decimals=+4": "from 1 to 12", "strict:": "strict:decimals=4",
		"paper:decimals=4": "tolerance of its own",
	} {
		if _, err := New(mode); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("mode %s: %v, want an error that says %s", mode, err, says)
		}
	}
	m := Math{decimals: 2}
	if g := m.Grade(`\frac13`, `\boxed{0.33}`); g.Reason != "equal when rounded to 2 decimals" {
		t.Errorf("a rounded answer is right because %q", g.Reason)
	}
}

// Where an answer is found, and where none is.
func TestExtraction(t *testing.T) {
	for response, want := range map[string]string{
		`The answer is 27 (not 28).`:                                     "27",
		`The answer is 27, which is less than 28.`:                       "27",
		`The answer is 1, 2, 3, which is 6 in all.`:                      "6 in all",
		`It is clear. So, \begin{align*}2+2 &= 1+3 \\ &= 4.\end{align*}`: "4",
		`So the answer is 27, since 3 + 3 > 5.`:                          "27",
		`The answer is not 27.`:                                          "not 27",
		`The answer is $\$ 27.50$.`:                                      `\$ 27.50`,
		`The answer is C) 14`:                                            "C) 14",
		`He paid $40, for 2 items; once they were worth $50.`:            "$50",
		`\boxed{\frac12} and thus also \boxed{\frac{1}{`:                 `\frac12`,
		`\boxed{5}, no: \boxed{6`:                                        "6",
		`5 is prime, and \boxed{`:                                        "",
		"I do not know.\n% the answer is \\boxed{5}":                     "",
		"It is 4. % the answer is 5\n":                                   "4",
		"\boxed{\frac{1}{2}}":                                            `\frac{1}{2}`,
		"<answer> The total is 27 </answer>":                             "The total is 27",
	} {
		if got, _, _ := (Math{}).Extract(response); got != want {
			t.Errorf("%s: extracted %q, want %q", response, got, want)
		}
	}
}

// hostile are texts on which graders have hung, crashed or grown.
func hostile() map[string]string {
	return map[string]string{
		"braces":      `\boxed{` + strings.Repeat("{", 1_000_000),
		"closed":      `\boxed{` + strings.Repeat("{", 4000) + "1" + strings.Repeat("}", 4001),
		"boxes":       strings.Repeat(`\boxed{`, 20_000),
		"many boxes":  strings.Repeat(`\boxed{1} and `, 20_000),
		"fractions":   `\boxed{` + strings.Repeat(`\frac{1}{1+`, 100) + "1" + strings.Repeat("}", 101),
		"tower":       `\boxed{9^{9^{9^{9^{9}}}}}`,
		"powers":      `\boxed{(x+y+z+1)^{999999}}`,
		"products":    `\boxed{` + strings.Repeat("(x+1)(y+1)", 300) + "}",
		"roots":       `\boxed{` + strings.Repeat(`\sqrt{2+`, 80) + "1" + strings.Repeat("}", 81),
		"far apart":   `\boxed{1<64886F41>6E2439338, x+6E2439338=y+1}`,
		"factorial":   `\boxed{1000000!}`,
		"digits":      `\boxed{` + strings.Repeat("9", 100_000) + "}",
		"list":        `\boxed{` + strings.Repeat("1,", 9000) + "1}",
		"signs":       `\boxed{` + strings.Repeat(`\pm 1 `, 500) + "}",
		"dollars":     strings.Repeat("$", 100_000),
		"a megabyte":  strings.Repeat("the answer is not here, ", 45_000),
		"numbers":     strings.Repeat("1,234.5 ", 130_000),
		"control":     "\\boxed{\x00\x01\x02\x03}",
		"invalid":     "\\boxed{\xff\xfe5}",
		"code":        `\boxed{__import__('os').system('true')}`,
		"bars":        `\boxed{` + strings.Repeat("|", 3000) + "}",
		"sum":         `\boxed{\sum_{k=1}^{200} \sum_{j=1}^{200} \sum_{i=1}^{200} k}`,
		"logarithms":  `\boxed{\log_{2^5}(\log_{2^4}(\log_{2^3}(\log_{2^2}(\log_{2^1}x))))}`,
		"trig":        `\boxed{` + strings.Repeat(`\sin(\cos(`, 50) + "1" + strings.Repeat("))", 50) + "}",
		"matrices":    `\boxed{` + strings.Repeat(`\begin{pmatrix}x&y\\y&x\end{pmatrix}`, 60) + "}",
		"minors":      `\boxed{` + strings.Repeat(`\begin{vmatrix}x&y&1\\y&x&z\\z&1&`, 40) + "x" + strings.Repeat(`\end{vmatrix}`, 40) + "}",
		"phrases":     strings.Repeat("answer is answer is ", 20_000),
		"thin angles": `\boxed{\cos(\frac{\pi}{10007})+\cos(\frac{\pi}{10009})}`,
	}
}

func TestHostileTextsGetAVerdict(t *testing.T) {
	m := Math{mode: modeStrict}
	for name, text := range hostile() {
		for _, gold := range []string{"42", `x+1`, `\sqrt{2}`, text} {
			if len(gold) > 1<<16 {
				continue
			}
			if g := m.Grade(gold, text); g.Outcome == negativa.Unverified || g.Outcome == negativa.Correct && gold != text {
				t.Errorf("%s against %.20q: %v (%s)", name, gold, g.Outcome, g.Reason)
			}
		}
	}
}

func FuzzGrade(f *testing.F) {
	for _, r := range table(f, "verifier-issues.jsonl") {
		f.Add(r.Gold, r.Prediction)
	}
	for _, r := range table(f, "math-verify-cases.jsonl") {
		f.Add(r.Gold, r.Prediction)
	}
	for _, text := range hostile() {
		if len(text) < 4000 {
			f.Add("42", text)
		}
	}
	f.Fuzz(func(t *testing.T, gold, response string) {
		for _, mode := range Modes() {
			m := Math{mode: mode}
			if g := m.Grade(gold, response); g.Outcome == negativa.Unverified {
				t.Errorf("no verdict on %q against %q", response, gold)
			}
		}
	})
}

func BenchmarkGrade(b *testing.B) {
	rows := table(b, "answers.jsonl")
	var m Math
	for b.Loop() {
		for _, r := range rows {
			m.Grade(r.Gold, r.Response)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "grades/s")
}
