package train

import (
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// Which tokens HICRA lifts: hicra_tokens.
const (
	strategyTokens = "strategy"
	placeboTokens  = "placebo"
)

// lifted marks the tokens of a sample that HICRA lifts; nil where no objective asks.
func (l *Loop) lifted(step, problem, sample int, g *negativa.Group) []bool {
	if !l.Objective.Tagged {
		return nil
	}
	family, tagged := task.As[task.Tagged](l.Problems, g.Problem)
	if !tagged {
		return nil
	}
	strategy, ends := marks(l.Tokenizer, family, &g.Rollouts[sample])
	if l.Config.HICRATokens != placeboTokens {
		return strategy
	}
	at := draw.New(l.Config.Seed, "placebo").At(uint64(step), uint64(problem), uint64(sample))
	return placebo(strategy[:ends], len(strategy), at)
}

// marks tells which of a sample's tokens are of strategy: those with a character that is.
// Tokens whose text only comes out together, as those of one character in several parts do,
// share a mark. The tokens from ends on, which is the one that stopped the sample, if any did,
// have no tag.
func marks(tok *tokenizer.Tokenizer, family task.Tagged, r *negativa.Rollout) (strategy []bool, ends int) {
	strategy, ends = make([]bool, len(r.Tokens)), len(r.Tokens)
	if r.Stop == negativa.StopToken {
		ends--
	}
	tags, stream := family.Tags(r.Text), tok.Stream(true)
	first, at := 0, 0 // of the tokens, and of the bytes, that are not accounted for
	account := func(text string, end int) {
		if text == "" {
			return
		}
		to := min(at+len(text), len(tags))
		mark := slices.Contains(tags[at:to], task.Strategy)
		for t := first; t < end; t++ {
			strategy[t] = mark
		}
		first, at = end, to
	}
	for t, id := range r.Tokens[:ends] {
		account(stream.Push(id), t+1)
	}
	account(stream.Flush(), ends)
	return strategy, ends
}

// placebo marks as many tokens as strategy does, at random among those that it does not, or
// all of these if they are fewer: the control of 2509.03646. Of n tokens those beyond
// strategy have no tag and are not marked.
func placebo(strategy []bool, n int, s draw.Source) []bool {
	var others []int
	for t, is := range strategy {
		if !is {
			others = append(others, t)
		}
	}
	out := make([]bool, n)
	for _, i := range s.Perm(len(others))[:min(len(others), len(strategy)-len(others))] {
		out[others[i]] = true
	}
	return out
}
