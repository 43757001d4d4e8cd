package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
)

// perplexity holds the samples of both evaluations against the model of --under.
func (c *compareCommand) perplexity(a *app, left, right eval.Evaluation) (*eval.PerplexityComparison, error) {
	if c.UnderN < 0 {
		return nil, badInput(fmt.Errorf("under_n is %d; it must be positive, or 0 for all samples", c.UnderN))
	}
	fileA, err := samplesOf(c.A, left)
	if err != nil {
		return nil, badInput(err)
	}
	fileB, err := samplesOf(c.B, right)
	if err != nil {
		return nil, badInput(err)
	}
	policy, tok, err := c.open(c.Under, native.Options{Frozen: true})
	if err != nil {
		return nil, err
	}
	if tok == nil {
		return nil, badInput(fmt.Errorf("%s has no tokenizer.json to read prompts with", c.Under))
	}
	p := a.start("score", c.toScore(left)+c.toScore(right))
	defer p.stop()
	scoring := eval.Scoring{Policy: policy, Tokenizer: tok, N: c.UnderN, Each: func(samples int) { p.add(samples, "") }}
	scoredA, err := scoring.File(a.ctx, fileA)
	if err != nil {
		return nil, badInput(err)
	}
	scoredB, err := scoring.File(a.ctx, fileB)
	if err != nil {
		return nil, badInput(err)
	}
	comparison, err := eval.DefaultBootstrap(c.Seed).Perplexity(scoredA, scoredB, policy.Hash(), c.UnderN)
	return comparison, badInput(err)
}

// toScore is how many samples of an evaluation are scored.
func (c *compareCommand) toScore(e eval.Evaluation) (samples int) {
	for _, count := range e.Counts {
		if c.UnderN == 0 {
			samples += count.N
		} else {
			samples += min(count.N, c.UnderN)
		}
	}
	return samples
}

// samplesOf is the file of an evaluation's samples.
func samplesOf(path string, e eval.Evaluation) (string, error) {
	if server := e.Conditions.Endpoint; server != nil && server.API == "chat" {
		return "", fmt.Errorf("%s: the server's chat template wrote the prompts, which its samples therefore do not have: evaluate with --api completions", path)
	}
	file := filepath.Join(path, samplesFile)
	switch filepath.Ext(path) {
	case ".jsonl":
		return path, nil
	case ".json": // beside samples of the same name, as in a run's folder
		file = path + "l"
	}
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("--under needs the samples of %s, which `negativa eval --out FOLDER` keeps in %s: name that folder, or a file of samples that ends in .jsonl: %w", path, samplesFile, err)
	}
	return file, nil
}
