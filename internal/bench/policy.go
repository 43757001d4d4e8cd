package bench

import (
	"context"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// policies are the works of whole models, those of one model together.
func policies() []Work {
	return []Work{
		training("base", 256, 24), scoring("base", 256, 24), sampling("base"), learningStep(128, 8),
		sampling("0.8m"),
		training("5m", 32, 128), scoring("5m", 32, 128), sampling("5m"),
		training("125m", 4, 64), scoring("125m", 4, 64),
		decoding("0.5b", 1), decoding("0.5b", 64),
	}
}

// ofModel is a work of a model in memory.
func ofModel(name, of string, prepare func(s *session, m model) job) Work {
	return Work{Name: name, unit: tokens, prepare: func(_ context.Context, s *session) (job, error) {
		m, err := s.model(of)
		if err != nil {
			return job{}, err
		}
		return prepare(s, m), nil
	}}
}

// training is forward, cross-entropy, backward and an AdamW step of rows × length tokens.
func training(of string, rows, length int) Work {
	return ofModel(fmt.Sprintf("train/%s/%dx%d", of, rows, length), of, func(s *session, m model) job {
		sequences := randomRows(s.Seed, m.size.VocabSize, rows, length)
		batch := make([]negativa.Datum, rows)
		for i, q := range sequences {
			batch[i] = negativa.Datum{ID: fmt.Sprintf("%04d", i), Prompt: q.Prompt, Completion: q.Completion}
			batch[i].Row.Weight = 1 / float64(rows*length)
		}
		return job{m.size.learning(sequences).plus(m.size.updating()), func(ctx context.Context) error {
			if _, err := m.policy.ForwardBackward(ctx, batch, crossEntropy, 1); err != nil {
				return err
			}
			_, err := m.policy.OptimStep(ctx, still)
			return err
		}}
	})
}

// still is an AdamW step that does all of its work and moves no weight, so that every run
// is the same run.
var still = engine.OptimParams{Optimizer: engine.AdamW, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01, MaxGradNorm: 1}

// crossEntropy is −Σ_t log π(y_t), weighted.
var crossEntropy = negativa.Loss{Row: func(row *negativa.Row, at, grad *negativa.Evaluation) float64 {
	loss := 0.0
	for t, lp := range at.Logprobs {
		loss -= row.Weight * lp
		grad.Logprobs[t] = -row.Weight
	}
	return loss
}}

// scoring is the log-probabilities of the same tokens.
func scoring(of string, rows, length int) Work {
	return ofModel(fmt.Sprintf("score/%s/%dx%d", of, rows, length), of, func(s *session, m model) job {
		sequences := randomRows(s.Seed, m.size.VocabSize, rows, length)
		return job{m.size.scoring(sequences), func(ctx context.Context) error {
			_, err := m.policy.Logprobs(ctx, sequences, 1)
			return err
		}}
	})
}

// randomRows predict length tokens at length positions each: a prompt of one token, a
// different one in each row as far as the vocabulary goes, and a completion.
func randomRows(seed uint64, vocab, rows, length int) []engine.Sequence {
	source := draw.New(seed, "bench rows")
	out := make([]engine.Sequence, rows)
	for i := range out {
		out[i].Prompt = []negativa.Token{negativa.Token(i % vocab)}
		out[i].Completion = randomTokens(source.At(uint64(i)), vocab, length)
	}
	return out
}

func randomTokens(source draw.Source, vocab, n int) []negativa.Token {
	out := make([]negativa.Token, n)
	for i := range out {
		out[i] = negativa.Token(source.IntN(uint64(i), vocab))
	}
	return out
}

// sampling draws 8 completions of 32 prompts: prompts of 12 tokens, exactly 32 new ones.
func sampling(of string) Work {
	const prompts, samples, given, drawn = 32, 8, 12, 32
	return drawing(fmt.Sprintf("sample/%s/%d", of, prompts*samples), of, prompts, samples, given, drawn)
}

// decoding draws 16 tokens of each sequence from a prompt of one token, so that every
// pass, the first included, takes one token of each.
func decoding(of string, sequences int) Work {
	return drawing(fmt.Sprintf("decode/%s/%d", of, sequences), of, sequences, 1, 1, 16)
}

func drawing(name, of string, prompts, samples, given, drawn int) Work {
	return ofModel(name, of, func(s *session, m model) job {
		source := draw.New(s.Seed, "bench prompts")
		requests := make([]engine.Request, prompts)
		var sequences []engine.Sequence
		for i := range requests {
			prompt := randomTokens(source.At(uint64(i)), m.size.VocabSize, given)
			requests[i] = engine.Request{Prompt: prompt, N: samples, Seed: uint64(i)}
			for range samples {
				sequences = append(sequences, engine.Sequence{Prompt: prompt, Completion: make([]negativa.Token, drawn)})
			}
		}
		params := engine.SampleParams{MaxTokens: drawn, Temperature: 1, TopP: 1}
		return job{m.size.sampling(sequences), func(ctx context.Context) error {
			_, err := m.policy.Sample(ctx, requests, params)
			return err
		}}
	})
}
