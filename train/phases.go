package train

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// phasesInto tells strategy from execution in the samples of problems whose answers are
// tagged, as Wang et al. (2509.03646) follow the two phases of learning:
//
//	entropy/TAG       mean −log-probability of the sampled tokens with a tag, in nats
//	perplexity/TAG    exp of the same mean over the right samples alone
//	errors/TAG        share of samples that are wrong by a mistake of strategy, of execution;
//	                  the two add up to the share of wrong ones
//	strategy_entropy         Shannon entropy, in nats, of how often each choice of strategy
//	                         was made in the step: the field's "semantic entropy"
//	strategy_entropy/within  mean over problems of the same of a problem's samples
//
// A choice of strategy is all that a sample has of it, in order, whatever its verdict. The
// entropies are of observed frequencies, which are below those of the policy: the second, of
// G samples, is at most ln G. What has no token or no sample to be a mean of is absent, and
// everything where no problem is tagged.
func phasesInto(m map[string]float64, problems Problems, tok *tokenizer.Tokenizer, groups []negativa.Group) {
	p := phases{choices: map[string]float64{}}
	for i := range groups {
		if family, ok := task.As[task.Tagged](problems, groups[i].Problem); ok {
			p.add(family, tok, &groups[i])
		}
	}
	p.into(m)
}

// phases are sums over the samples of a step.
type phases struct {
	samples, problems, within float64
	all, right                [2]surprise // by tag
	mistakes                  [2]float64  // by tag
	choices                   map[string]float64
}

// surprise is the sum of −log-probability over a number of tokens.
type surprise struct{ nats, tokens float64 }

func (s *surprise) add(logprob float32) {
	s.nats, s.tokens = s.nats-float64(logprob), s.tokens+1
}

func (p *phases) add(family task.Tagged, tok *tokenizer.Tokenizer, g *negativa.Group) {
	choices := map[string]float64{}
	for j := range g.Rollouts {
		r := &g.Rollouts[j]
		strategy, ends := marks(tok, family, r)
		for t, is := range strategy[:ends] {
			tag := count(is)
			p.all[tag].add(r.Logprobs[t])
			if r.Verdict.Outcome == negativa.Correct {
				p.right[tag].add(r.Logprobs[t])
			}
		}
		if r.Verdict.Outcome == negativa.Wrong {
			if tag, mistaken := family.Mistake(g.Problem, r.Text); mistaken {
				p.mistakes[tag]++
			}
		}
		choice := choiceOf(family, r.Text)
		choices[choice]++
		p.choices[choice]++
	}
	p.samples += float64(len(g.Rollouts))
	p.problems++
	p.within += entropy(choices)
}

func (p *phases) into(m map[string]float64) {
	if p.samples == 0 {
		return
	}
	for _, tag := range []task.Tag{task.Execution, task.Strategy} {
		name := tag.String()
		if s := p.all[tag]; s.tokens > 0 {
			m["entropy/"+name] = s.nats / s.tokens
		}
		if s := p.right[tag]; s.tokens > 0 {
			m["perplexity/"+name] = math.Exp(s.nats / s.tokens)
		}
		m["errors/"+name] = p.mistakes[tag] / p.samples
	}
	m["strategy_entropy"], m["strategy_entropy/within"] = entropy(p.choices), p.within/p.problems
}

// choiceOf is what a text has of strategy.
func choiceOf(family task.Tagged, text string) string {
	var choice strings.Builder
	for i, tag := range family.Tags(text) {
		if tag == task.Strategy {
			choice.WriteByte(text[i])
		}
	}
	return choice.String()
}

// entropy is Shannon's, in nats, of frequencies that are counted.
func entropy(counts map[string]float64) float64 {
	sorted := slices.Sorted(maps.Values(counts)) // so that sums are the same in every run
	n, h := sum(sorted), 0.0
	for _, c := range sorted {
		h -= c / n * math.Log(c/n)
	}
	return h
}
