package eval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/eval"
)

// TestPartsAreEvaluationsOfTheirProblems: a level's table is what a file of its problems
// alone gives.
func TestPartsAreEvaluationsOfTheirProblems(t *testing.T) {
	files := map[string]*strings.Builder{"": {}, "1": {}, "2": {}, "10": {}, "none": {}}
	for q := range 20 {
		level := []string{"10", "2", "1", "none"}[q%4]
		key := fmt.Sprintf(`,"level":%s,"type":"Algebra"`, level)
		if level == "none" {
			key = ""
		}
		for g := range 8 {
			line := fmt.Sprintf(`{"question_id":%d,"generation_id":%d,"label":%t%s}`+"\n", q, g, (q*g+q)%3 == 0, key)
			files[""].WriteString(line)
			files[level].WriteString(line)
		}
	}
	whole, err := eval.File(file(t, files[""].String()), 0, []int{3}, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, part := range whole.Levels {
		names = append(names, part.Name)
		key := part.Name
		if key == "" {
			key = "none"
		}
		alone, err := eval.File(file(t, files[key].String()), 0, []int{3}, eval.DefaultBootstrap(1))
		if err != nil {
			t.Fatal(err)
		}
		if part.Problems != 5 || !slices.Equal(part.PassAtK, alone.PassAtK) || !slices.Equal(part.Interval, alone.Interval) {
			t.Errorf("level %q: %+v, alone %+v", part.Name, part, alone)
		}
	}
	if want := []string{"1", "2", "10", ""}; !slices.Equal(names, want) {
		t.Errorf("levels in the order %q, want %q", names, want)
	}
	if len(whole.Subjects) != 2 || whole.Subjects[0].Problems != 15 {
		t.Errorf("subjects %+v", whole.Subjects)
	}
}

func TestAQuestionHasOneLevel(t *testing.T) {
	content := `{"question_id":"a","generation_id":0,"label":true,"level":"Level 1"}
{"question_id":"a","generation_id":1,"label":true}
{"question_id":"a","generation_id":2,"label":true,"level":"Level 2"}
`
	_, err := eval.File(file(t, content), 0, nil, eval.DefaultBootstrap(1))
	if err == nil || !strings.Contains(err.Error(), `its level is "Level 1" in one sample and "Level 2" in another`) {
		t.Error(err)
	}
}

// TestCompareParts: a level is compared as if there were no other, and not at all where
// the sides disagree about levels.
func TestCompareParts(t *testing.T) {
	a, b := drawn(1, 40, 16, 0.2), drawn(2, 40, 16, 0)
	var hardA, hardB eval.Evaluation
	for i := range a.Counts {
		level := fmt.Sprint("Level ", 1+i%2)
		a.Counts[i].Level, b.Counts[i].Level = level, level
		if level == "Level 2" {
			hardA.Counts, hardB.Counts = append(hardA.Counts, a.Counts[i]), append(hardB.Counts, b.Counts[i])
		}
	}
	both, err := eval.Compare(a, b, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := eval.Compare(hardA, hardB, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(both.Levels) != 2 || both.Levels[1].Name != "Level 2" || both.Levels[1].Problems != 20 || !slices.Equal(both.Levels[1].PassAtK, alone.PassAtK) {
		t.Errorf("%+v, alone %+v", both.Levels, alone.PassAtK)
	}
	if both.Subjects != nil {
		t.Errorf("subjects out of nothing: %+v", both.Subjects)
	}
	b.Counts[0].Level = "Level 7"
	if both, err = eval.Compare(a, b, eval.DefaultBootstrap(1)); err != nil || both.Levels != nil {
		t.Errorf("%v, %+v", err, both.Levels)
	}
}
