package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/report"
)

type compareCommand struct {
	A    string `arg:"" help:"Evaluation: a folder or JSON file that eval wrote, or a JSONL file of samples."`
	B    string `arg:"" help:"The other evaluation, of the same problems."`
	Seed uint64 `name:"seed" default:"1" help:"Seed of the intervals and the tests."`

	Under  string `name:"under" placeholder:"MODEL" help:"Compare the perplexities of both sides' samples under a model, too, usually the base: its folder, or base."`
	UnderN int    `name:"under_n" aliases:"under-n" default:"16" help:"Samples of each problem that are held against it, the first ones; 0: all."`
	modelFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is what `negativa compare --help` says beside the flags.
func (c *compareCommand) Help() string {
	return `Problems are paired by question_id. At each k: the difference A − B with its 95 %
interval (bootstrap over problems) and a sign-flip permutation test, which takes as many
samples of one as of the other; where either cannot exclude zero the verdict is "cannot
tell apart". Then the boundary: at which k the side that leads at k = 1 is caught, how far
one sample of each is from many of the other, and which problems only one side solves.

With --under MODEL: exp of the mean −ln p of a sample's tokens under that model, at
temperature 1, over the samples of A and of B: do a tuned model's answers lie where the
base's own are likely (arXiv 2504.13837, §4.2)? Samples are scored in the tokens they were
drawn in, where their file has them, and else as the model's tokenizer writes their texts.

Examples:  negativa compare runs/nsr-eval runs/base-eval
           negativa compare runs/nsr-eval runs/base-eval --under base`
}

func (c *compareCommand) Run(a *app) error {
	left, err := readEvaluation(c.A)
	if err != nil {
		return badInput(err)
	}
	right, err := readEvaluation(c.B)
	if err != nil {
		return badInput(err)
	}
	comparison, err := eval.Compare(left, right, eval.DefaultBootstrap(c.Seed))
	if err != nil {
		return badInput(err)
	}
	if c.Under != "" {
		if comparison.Perplexity, err = c.perplexity(a, left, right); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, comparison)
	}
	return report.PrintComparison(a.stdout, comparison)
}

func readEvaluation(path string) (eval.Evaluation, error) {
	if strings.HasSuffix(path, ".jsonl") {
		return eval.File(path, 0, nil, eval.DefaultBootstrap(1))
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, evaluationFile)
	}
	var e eval.Evaluation
	raw, err := os.ReadFile(path)
	if err != nil {
		return e, fmt.Errorf("read evaluation: %w", err)
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("read evaluation %s: it is not what `negativa eval --json` prints (a file of samples ends in .jsonl): %w", path, err)
	}
	return e, nil
}
