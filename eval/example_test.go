package eval_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
)

// samplesOf writes a file of four samples of each of two problems, so many of them right.
func samplesOf(dir, name string, rightOfA, rightOfB int) string {
	path := filepath.Join(dir, name)
	file, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	for question, right := range []int{rightOfA, rightOfB} {
		for i := range 4 {
			fmt.Fprintf(file, `{"question_id": %d, "generation_id": %d, "label": %t}`+"\n", question, i, i < right)
		}
	}
	return path
}

// Any file with question_id, generation_id and label is evaluated at every k that it has
// samples for.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	e, err := eval.File(samplesOf(dir, "samples.jsonl", 1, 4), 0, nil, eval.DefaultBootstrap(1))
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range e.PassAtK {
		interval, _ := e.Interval.At(p.K)
		fmt.Printf("Pass@%d %.3f, between %.3f and %.3f\n", p.K, p.Value, interval[0], interval[1])
	}
	_, err = eval.File(filepath.Join(dir, "samples.jsonl"), 8, nil, eval.DefaultBootstrap(1))
	fmt.Println(err != nil) // more samples are asked for than there are
	// Output:
	// Pass@1 0.625, between 0.250 and 1.000
	// Pass@2 0.750, between 0.500 and 1.000
	// Pass@4 1.000, between 1.000 and 1.000
	// true
}

// Two evaluations are paired by problem. Two problems are too few to tell them apart.
func ExampleCompare() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	bootstrap := eval.DefaultBootstrap(1)
	before, err := eval.File(samplesOf(dir, "before.jsonl", 1, 2), 0, nil, bootstrap)
	if err != nil {
		log.Fatal(err)
	}
	after, err := eval.File(samplesOf(dir, "after.jsonl", 3, 3), 0, nil, bootstrap)
	if err != nil {
		log.Fatal(err)
	}
	c, err := eval.Compare(after, before, bootstrap)
	if err != nil {
		log.Fatal(err)
	}
	d, _ := c.PassAtK.At(1)
	fmt.Printf("%+.3f: %s\n", d.AMinusB, d.Verdict)
	// Output:
	// +0.375: cannot tell apart
}

// A sampler of your own fills a file of samples, which is then evaluated. Killed and
// started again, it asks only for what is missing.
func ExampleCollection() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "samples.jsonl")
	store, err := eval.OpenStore(path)
	if err != nil {
		log.Fatal(err)
	}
	problems := []negativa.Problem{{ID: "a", Prompt: "1+1=", Gold: "2"}, {ID: "b", Prompt: "2+2=", Gold: "4"}}
	always2 := func(_ context.Context, _ negativa.Problem, n int, _ uint64) ([]eval.Completion, error) {
		return slices.Repeat([]eval.Completion{{Text: "2", FinishReason: "stop"}}, n), nil
	}
	c := eval.Collection{
		N: 4, PerRequest: 2, Concurrency: 1, Ask: always2,
		Grade: func(p negativa.Problem, text string) negativa.Verdict {
			if text == p.Gold {
				return negativa.Verdict{Outcome: negativa.Correct, Answer: text}
			}
			return negativa.Verdict{Outcome: negativa.Wrong, Reason: "another number", Answer: text}
		},
	}
	if err := c.Into(context.Background(), store, problems); err != nil {
		log.Fatal(err)
	}
	if err := store.Close(); err != nil {
		log.Fatal(err)
	}
	e, err := eval.File(path, 4, nil, eval.DefaultBootstrap(1))
	if err != nil {
		log.Fatal(err)
	}
	pass4, _ := e.PassAtK.At(4)
	fmt.Println(e.Problems, e.N, pass4)
	// Output: 2 4 0.5
}
