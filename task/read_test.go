package task

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

func TestForms(t *testing.T) {
	datadriven.RunTest(t, "testdata/forms", func(t *testing.T, d *datadriven.TestData) string {
		file := filepath.Join(t.TempDir(), "data.jsonl")
		text := d.Input + "\n"
		var columns Columns
		for _, arg := range d.CmdArgs {
			switch arg.Key {
			case "question":
				columns.Question = arg.Vals[0]
			case "gold":
				columns.Gold = arg.Vals[0]
			case "solution":
				columns.Solution = arg.Vals[0]
			case "id":
				columns.ID = arg.Vals[0]
			case "level":
				columns.Level = arg.Vals[0]
			case "blank":
				text = "\ufeff\r\n \n" + text
			}
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := Read(columns, file)
		return strings.ReplaceAll(describe(set, err), file, "FILE")
	})
}

func describe(set Dataset, err error) string {
	var b strings.Builder
	if set.Form != "" {
		fmt.Fprintln(&b, set.Detected())
	}
	for _, item := range set.Items {
		fmt.Fprintf(&b, "%d gold=%q", item.Row, item.Gold)
		if item.FromSolution {
			fmt.Fprintf(&b, " (solution; stated %q)", item.Stated)
		}
		fmt.Fprintf(&b, " prompt=%q", item.Prompt)
		var roles []string
		for _, m := range item.Messages {
			roles = append(roles, m.Role)
		}
		if roles != nil {
			fmt.Fprintf(&b, " chat=%s", strings.Join(roles, ","))
		}
		for _, part := range [][2]string{{"subject", item.Subject}, {"level", item.Level}, {"source", item.Source}} {
			if part[1] != "" {
				fmt.Fprintf(&b, " %s=%q", part[0], part[1])
			}
		}
		if item.ID != hashOf(item.Prompt) {
			fmt.Fprintf(&b, " id=%q", item.ID)
		}
		fmt.Fprintln(&b)
	}
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	return b.String()
}

// verlRow is the schema of the paper's files.
type verlRow struct {
	Level  string `parquet:"level,optional"`
	Type   string `parquet:"type,optional"`
	Source string `parquet:"data_source,optional"`
	Prompt []struct {
		Content string `parquet:"content,optional"`
		Role    string `parquet:"role,optional"`
	} `parquet:"prompt,list,optional"`
	Reward struct {
		Truth struct {
			Question string `parquet:"question,optional"`
			Solution string `parquet:"solution,optional"`
			Target   string `parquet:"target,optional"`
		} `parquet:"ground_truth,optional"`
	} `parquet:"reward_model,optional"`
	Extra struct {
		Index int64 `parquet:"index,optional"`
	} `parquet:"extra_info,optional"`
}

func verlFile(t *testing.T, rows int) string {
	t.Helper()
	all := make([]verlRow, rows)
	for i := range all {
		row := &all[i]
		row.Level, row.Type, row.Source = "Level 1", "Algebra", "somewhere"
		row.Prompt = append(row.Prompt, struct {
			Content string `parquet:"content,optional"`
			Role    string `parquet:"role,optional"`
		}{fmt.Sprintf("What is %d + 1?", i), "user"})
		row.Reward.Truth.Solution = fmt.Sprintf(`It is $\boxed{%d}$.`, i+1)
		row.Reward.Truth.Target = fmt.Sprint(i + 1)
		row.Extra.Index = int64(i)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[verlRow](&b, parquet.MaxRowsPerRowGroup(300), parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(all); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "train.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParquet(t *testing.T) {
	path := verlFile(t, 1000)
	set, err := Read(Columns{}, path)
	if err != nil {
		t.Fatal(err)
	}
	if set.Form != "verl" || len(set.Items) != 1000 {
		t.Fatalf("read %d problems of form %s", len(set.Items), set.Form)
	}
	for i, item := range set.Items {
		want := Item{
			Messages: []Message{{"user", fmt.Sprintf("What is %d + 1?", i)}}, FromSolution: true,
			Solution: fmt.Sprintf(`It is $\boxed{%d}$.`, i+1), Stated: fmt.Sprint(i + 1),
			Source: "somewhere", File: path, Row: i + 1,
		}
		want.Subject, want.Level = "Algebra", "Level 1"
		want.ID, want.Task, want.Prompt, want.Gold = hashOf(want.Messages[0].Content), "math", want.Messages[0].Content, fmt.Sprint(i+1)
		if !reflect.DeepEqual(item, want) {
			t.Fatalf("row %d is %+v, want %+v", i+1, item, want)
		}
	}
}

// TestParquetOfArrow reads what pyarrow writes: decimals, and a group without rows.
func TestParquetOfArrow(t *testing.T) {
	set, err := Read(Columns{}, "testdata/decimals.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2.5", "-0.01", "123456789012345678901234.56", "7"} {
		if got := set.Items[i].Gold; got != want {
			t.Errorf("row %d has the gold %s, want %s", i+1, got, want)
		}
	}
	if _, err := Read(Columns{}, "testdata/empty.parquet"); err == nil || !strings.Contains(err.Error(), "empty.parquet holds no records") {
		t.Errorf("the error is %v", err)
	}
}

func TestParquetWithLZ4IsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lz4.parquet")
	rows := []struct{ Question, Answer string }{{"1+1", "2"}}
	if err := parquet.WriteFile(path, rows, parquet.Compression(&parquet.Lz4Raw)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(Columns{}, path); err == nil || !strings.Contains(err.Error(), "lz4.parquet: it is compressed with LZ4") {
		t.Errorf("the error is %v", err)
	}
}

// TestDamagedParquet cuts a file at many places and changes bytes of it: an error or
// other problems, never a panic.
func TestDamagedParquet(t *testing.T) {
	whole, err := os.ReadFile(verlFile(t, 40))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	read := func(content []byte) error {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(Columns{}, path)
		return err
	}
	for n := 0; n < len(whole); n += 37 {
		if err := read(whole[:n]); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
	}
	if testing.Short() {
		t.Log("bytes are not changed: where the library meets a nil pointer, the pointer checks of the race detector end the program")
		return
	}
	for n := 4; n < len(whole); n += 7 {
		changed := bytes.Clone(whole)
		changed[n] ^= 0x55
		if err := read(changed); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("byte %d changed: %v", n, err)
		}
	}
}

func TestFilesTogether(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := write("a.jsonl", `{"question": "Q", "answer": "1"}`+"\n"+`{"question": "Q", "answer": "2"}`)
	b := write("b.json", `[{"question": "R", "answer": "3"}, {"question": "Q", "answer": "4"}]`)
	set, err := Read(Columns{}, a, b)
	if err != nil {
		t.Fatal(err)
	}
	h := hashOf("Q")
	want := []string{h, h + "-2", hashOf("R"), h + "-3"}
	for i, item := range set.Items {
		if item.ID != want[i] {
			t.Errorf("%s:%d has the id %s, want %s", item.File, item.Row, item.ID, want[i])
		}
	}
	if _, err := Read(Columns{}, a, filepath.Join(folder, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Read(Columns{}, write("empty", "")); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
}

// TestIDIsTheQuestionsAlone pins the id, by which samples are found again: the first
// eight bytes of `printf 'What is 2+2?' | sha256sum`.
func TestIDIsTheQuestionsAlone(t *testing.T) {
	if got, want := hashOf("What is 2+2?"), "52cb6b5e4a038af1"; got != want {
		t.Errorf("the id is %s, not %s", got, want)
	}
}

func TestFinalAnswer(t *testing.T) {
	for text, want := range map[string]string{
		`so \boxed{5}`:                           "5",
		`\boxed{1} then \boxed{2}`:               "2",
		`\boxed{\frac{1}{\sqrt{2}}}.`:            `\frac{1}{\sqrt{2}}`,
		`\boxed{\left\{ 1, 2 \right\}}`:          `\left\{ 1, 2 \right\}`,
		`\boxed{ \left\{ x \right. }`:            `\left\{ x \right.`,
		`\boxed{a \\ {b}}`:                       `a \\ {b}`,
		`is $\boxed 2$.`:                         "2",
		`is $\boxed \pi$.`:                       `\pi`,
		`\boxed {7}`:                             "7",
		`\boxed{3} and \boxed{4`:                 "3", // cut off
		`\boxed{3} and \boxed{}`:                 "",
		`\boxed`:                                 "",
		`\boxed{`:                                "",
		`\boxed{\`:                               "",
		`so \\boxed{5}`:                          "5",
		`\boxed{2 \boxed{3} }`:                   "3",
		`\boxed 2, \boxed{3`:                     "",
		`\boxed{\boxed{3}`:                       "3",
		"\\boxed x$ \\boxed\n{4}":                "4",
		`} {\boxed{5}`:                           "5",
		`\boxedfoo$`:                             "",
		"work\n#### 72":                          "72",
		"####1\n#### 1,234\nmore":                "1,234",
		"####":                                   "",
		"#### 5 and then \\boxed{6}":             "6",
		"nothing":                                "",
		strings.Repeat(`\boxed{`, 100_000) + "5": "",
		strings.Repeat(`\boxed x{`, 100_000) + `\boxed{5}`: "5",
	} {
		got, ok := FinalAnswer(text)
		if got != want || ok != (want != "") {
			t.Errorf("%.60q ends with %q (%v), want %q", text, got, ok, want)
		}
	}
}

// TestFinalAnswerFindsWhatIsBoxed boxes any balanced text behind any other.
func TestFinalAnswerFindsWhatIsBoxed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		answer := "x" + balanced(t, 4)
		before := rapid.String().Draw(t, "before")
		after := rapid.StringMatching(`[a-z $.{}]{0,9}`).Draw(t, "after")
		got, ok := FinalAnswer(before + ` \boxed{` + answer + `}` + after)
		if !ok || got != strings.TrimSpace(answer) {
			t.Errorf("got %q, want %q", got, answer)
		}
	})
}

func balanced(t *rapid.T, depth int) string {
	var text strings.Builder
	text.WriteString(rapid.StringMatching(`[a-z0-9 ^_+]{0,5}(\\[{}\\])?`).Draw(t, "text"))
	for range rapid.IntRange(0, min(depth, 2)).Draw(t, "groups") {
		text.WriteString("{" + balanced(t, depth-1) + "}")
	}
	return text.String()
}

func FuzzFinalAnswer(f *testing.F) {
	f.Add(`so \boxed{\frac{1}{2}}$ #### 5`)
	f.Fuzz(func(t *testing.T, text string) {
		answer, ok := FinalAnswer(text)
		if ok != (answer != "") || !strings.Contains(text, cmp.Or(answer, text)) {
			t.Errorf("%q ends with %q (%v)", text, answer, ok)
		}
	})
}

// TestPaperFiles reads the files that the paper trains and evaluates on. Two golds of
// MATH's training set are lost in the published files: their boxes are empty.
func TestPaperFiles(t *testing.T) {
	folder := cmp.Or(os.Getenv("NEGATIVA_PAPER_DATA"), "../../shared/data/rlvr-decomposed")
	for _, c := range []struct {
		name  string
		rows  int
		boxed bool
		lost  []int
	}{
		{"math-train", 7500, true, []int{5342, 5344}},
		{"math-test", 5000, true, nil},
		{"aime2025-test", 30, false, nil},
		{"amc23-test", 40, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(folder, c.name+".parquet")
			if _, err := os.Stat(path); err != nil {
				t.Skipf("%v: NEGATIVA_PAPER_DATA can name the folder of the paper's parquet files", err)
			}
			set, err := Read(Columns{}, path)
			bad, _ := errors.AsType[RowErrors](err)
			var lost []int
			for _, row := range bad {
				lost = append(lost, row.Row)
			}
			if set.Form != "verl" || len(set.Items)+len(lost) != c.rows || !slices.Equal(lost, c.lost) {
				t.Fatalf("read %d problems of form %s, lost the rows %v (%v)", len(set.Items), set.Form, lost, err)
			}
			for _, item := range set.Items {
				if item.FromSolution != c.boxed || item.ID != hashOf(item.Prompt) || len(item.Messages) != 1 || (item.Level == "") == c.boxed {
					t.Fatalf("row %d is %+v", item.Row, item)
				}
			}
		})
	}
}
