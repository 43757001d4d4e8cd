// Package rollout draws groups of samples.
package rollout

import (
	"context"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/tokenizer"
)

// Options say what to draw.
type Options struct {
	NumGenerations int // G: samples of each problem
	Params         engine.SampleParams
	Source         draw.Source // the address of this batch of groups; problem i draws below At(i)
}

// Sample draws a group for each problem. A group's tokens are the record; its texts are
// decoded from them, without the stop token. Groups come in the order of the problems.
func Sample(ctx context.Context, policy engine.Sampler, tok *tokenizer.Tokenizer, problems []negativa.Problem, o Options) ([]negativa.Group, error) {
	groups := make([]negativa.Group, len(problems))
	requests := make([]engine.Request, len(problems))
	for i, p := range problems {
		prompt, err := tok.EncodePrompt(p.Prompt)
		if err != nil {
			return nil, fmt.Errorf("problem %s: %w", p.ID, err)
		}
		groups[i] = negativa.Group{Problem: p, Prompt: prompt}
		requests[i] = engine.Request{Prompt: prompt, N: o.NumGenerations, Seed: o.Source.At(uint64(i)).Uint64(0)}
	}
	drawn, err := policy.Sample(ctx, requests, o.Params)
	if err != nil {
		return nil, fmt.Errorf("sample %d problems: %w", len(problems), err)
	}
	for i := range groups {
		groups[i].Rollouts = drawn[i]
		for j := range drawn[i] {
			drawn[i][j].Text = tok.Decode(text(&drawn[i][j]))
		}
	}
	return groups, nil
}

// text is the completion without the token that stopped it.
func text(r *negativa.Rollout) []negativa.Token {
	if r.Stop == negativa.StopToken {
		return r.Tokens[:len(r.Tokens)-1]
	}
	return r.Tokens
}

// Sequences lists the samples of groups, in order, as an engine scores them.
func Sequences(groups []negativa.Group) []engine.Sequence {
	var out []engine.Sequence
	for _, g := range groups {
		for _, r := range g.Rollouts {
			out = append(out, engine.Sequence{Prompt: g.Prompt, Completion: r.Tokens})
		}
	}
	return out
}
