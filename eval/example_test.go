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
