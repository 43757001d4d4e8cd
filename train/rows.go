package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/objective"
	"github.com/negativa-lab/negativa/reward"
	"github.com/negativa-lab/negativa/rollout"
)

// row is one rollout on its way to the engine. Its datum carries the sample's address
// as ID, so results cannot be matched with the wrong sample.
type row struct {
	negativa.Datum
	reward  float64
	dropped bool    // left out before mini-batches are made
	share   float64 // of a full mini-batch that the row's mini-batch is
}

// rows turns groups into rows with advantages. kl is the mean k3 estimate of
// KL(π ‖ start) per token: over all samples where the objective needs the reference,
// over the first sample of each group where it does not.
func (l *Loop) rows(ctx context.Context, step int, groups []negativa.Group) (rows []*row, kl float64, err error) {
	for i := range groups {
		for j := range groups[i].Rollouts {
			rows = append(rows, newRow(&groups[i], j, len(rows), l.Config.MaskTruncated))
		}
	}
	if kl, err = l.refer(ctx, groups, rows); err != nil {
		return nil, 0, err
	}
	if l.Objective.Critic {
		err = l.estimate(ctx, rows)
	} else {
		l.advantages(step, groups, rows)
	}
	for _, r := range rows {
		r.dropped = r.dropped || l.Objective.Subset && !objective.HasAdvantage(&r.Row)
	}
	return rows, kl, err
}

func newRow(g *negativa.Group, j, index int, maskTruncated bool) *row {
	s := &g.Rollouts[j]
	r := &row{reward: s.Reward, dropped: maskTruncated && s.Stop == negativa.StopLength, share: 1}
	r.Datum = negativa.Datum{ID: rowID(index), Prompt: g.Prompt, Completion: s.Tokens, Sign: -1}
	if s.Reward >= 0.5 { // the half that is reinforced: the right answers, if the reward is the truth
		r.Sign = 1
	}
	r.Row.Behaviour = make([]float64, len(s.Logprobs))
	for t, lp := range s.Logprobs {
		r.Row.Behaviour[t] = float64(lp)
	}
	return r
}

// refer scores samples under the starting policy.
func (l *Loop) refer(ctx context.Context, groups []negativa.Group, rows []*row) (kl float64, err error) {
	needed := l.Objective.Params.Beta > 0
	stride := l.Config.NumGenerations
	if needed {
		stride = 1
	}
	all := rollout.Sequences(groups)
	var some []engine.Sequence
	for i := 0; i < len(all); i += stride {
		some = append(some, all[i])
	}
	scores, err := l.reference.Logprobs(ctx, some, l.Config.Temperature)
	if err != nil {
		return 0, fmt.Errorf("score under the reference: %w", err)
	}
	tokens := 0
	for i, s := range scores {
		r := rows[i*stride]
		reference := make([]float64, len(s))
		for t, lp := range s {
			reference[t] = float64(lp)
			k, _ := objective.K3.At(r.Row.Behaviour[t], reference[t])
			kl += k
			tokens++
		}
		if needed {
			r.Row.Reference = reference
		}
	}
	return kl / float64(tokens), nil
}

// advantages gives every token of a row the row's advantage, spread as the objective does.
func (l *Loop) advantages(step int, groups []negativa.Group, rows []*row) {
	rewardsPG := reward.OfGroups(groups)
	i := 0
	for _, group := range rewardsPG {
		for j := range group {
			group[j] = l.Objective.Params.PenalisedReward(group[j], rows[i].Row.Behaviour, rows[i].Row.Reference)
			i++
		}
	}
	i = 0
	for problem, group := range l.Objective.Advantages(rewardsPG) {
		for sample, a := range group {
			r := rows[i]
			r.Row.Advantages = l.Objective.Spread(a, len(r.Completion), l.lifted(step, problem, sample, &groups[problem]))
			i++
		}
	}
}

// estimate asks the critic for its values and derives advantages and returns by GAE,
// the advantages whitened over the batch.
func (l *Loop) estimate(ctx context.Context, rows []*row) error {
	batch := make([]negativa.Datum, len(rows))
	for i, r := range rows {
		batch[i] = r.Datum
	}
	// A loss without a gradient evaluates and changes nothing.
	look := negativa.Loss{Values: true, Row: func(*negativa.Row, *negativa.Evaluation, *negativa.Evaluation) float64 { return 0 }}
	result, err := l.Policy.ForwardBackward(ctx, batch, look, l.Config.Temperature)
	if err != nil {
		return fmt.Errorf("ask the critic: %w", err)
	}
	p := l.Objective.Params
	var advantages [][]float64
	for i, r := range rows {
		r.Row.Values = result.Evaluations[i].Values
		rewards := p.TokenRewards(r.reward, r.Row.Behaviour, r.Row.Reference)
		r.Row.Advantages, r.Row.Returns = objective.GAE(rewards, r.Row.Values, p.Gamma, p.Lam)
		advantages = append(advantages, r.Row.Advantages)
	}
	objective.Whiten(advantages)
	return nil
}

// miniBatches shuffles the problems and cuts their rows that are kept into mini-batches
// of one size: rollouts / num_mini_batches. A problem's rows stay together, as in the
// paper's code, so that an engine can compute their prompt once. PSR and NSR keep fewer
// rows and so take fewer steps; a last mini-batch that is not full counts by its share of
// a full one, as there.
func (l *Loop) miniBatches(rows []*row, step, iteration int) [][]*row {
	var kept []*row
	n := l.Config.NumGenerations
	for _, problem := range draw.New(l.Config.Seed, "shuffle").At(uint64(step), uint64(iteration)).Perm(len(rows) / n) {
		for _, r := range rows[problem*n : (problem+1)*n] {
			if !r.dropped {
				kept = append(kept, r)
			}
		}
	}
	if len(kept) == 0 {
		return [][]*row{nil} // one step that is skipped, and counted
	}
	var out [][]*row
	full := l.Config.PromptsPerStep * n / l.Config.NumMiniBatches
	for mini := range slices.Chunk(kept, full) {
		for _, r := range mini {
			r.share = float64(len(mini)) / float64(full)
		}
		out = append(out, mini)
	}
	return out
}

// weigh gives the rows of a mini-batch their weights and returns those that can move a
// parameter: the others count in the normaliser and need no backward pass.
func (l *Loop) weigh(mini []*row) (batch []negativa.Datum) {
	lengths, kept := make([]int, len(mini)), make([]bool, len(mini))
	for i, r := range mini {
		lengths[i] = len(r.Completion)
		kept[i] = objective.HasAdvantage(&r.Row)
	}
	for i, w := range l.Objective.Weights(lengths, kept) {
		if r := mini[i]; w > 0 && l.Objective.HasGradient(&r.Row) {
			r.Row.Weight = w * r.share
			batch = append(batch, r.Datum)
		}
	}
	return batch
}
