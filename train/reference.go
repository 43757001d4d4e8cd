package train

import (
	"context"
	"fmt"

	"github.com/negativa-lab/negativa"
)

// RenewalConfig says when the reference becomes the policy as it is and the optimizer starts
// anew (Liu et al., 2505.24864, §2.3): on a schedule, or where training stagnates.
type RenewalConfig struct {
	RefSyncSteps    int `yaml:"ref_model_sync_steps" name:"ref_model_sync_steps" default:"0" help:"Steps after which the reference becomes the policy as it is and the optimizer starts anew; 0: never."`
	RefSyncPatience int `yaml:"ref_model_sync_patience" name:"ref_model_sync_patience" default:"0" help:"The same after a window of so many steps whose share of right samples is no larger than in the best window since the last time; 0: never."`
}

// Pace is how training goes: windows of ref_model_sync_patience steps, one after the other
// since the reference was renewed, and the best of them. Samples that dynamic sampling
// leaves out count too.
type Pace struct {
	Steps   int     `json:"steps"` // of the window so far, and its samples
	Right   int     `json:"right"`
	Samples int     `json:"samples"`
	Best    float64 `json:"best"` // share of right samples in the best window, from 0
}

// count adds samples to the window.
func (p *Pace) count(groups []negativa.Group) {
	for _, g := range groups {
		for _, r := range g.Rollouts {
			p.Right += count(r.Verdict.Outcome == negativa.Correct)
			p.Samples++
		}
	}
}

// stagnates ends a step. Where it ends a window too, it tells whether that was no better than
// the best before it.
func (p *Pace) stagnates(patience int) bool {
	if p.Steps++; p.Steps < patience {
		return false
	}
	rate, best := float64(p.Right)/float64(p.Samples), p.Best
	*p = Pace{Best: max(rate, best)}
	return rate <= best
}

// renew makes the policy the reference, and the optimizer start anew, where that is due after
// a step. The last step leaves both, since nothing follows.
func (l *Loop) renew(step int, m map[string]float64) error {
	every, patience := l.Config.RefSyncSteps, l.Config.RefSyncPatience
	if every == 0 && patience == 0 {
		return nil
	}
	due := patience > 0 && l.state.Pace.stagnates(patience) || every > 0 && step%every == 0
	due = due && step < l.Config.MaxSteps
	m["reference_renewed"] = float64(count(due))
	if !due {
		return nil
	}
	l.Policy.ResetOptimizer()
	reference, err := l.Policy.Reference()
	if err != nil {
		return fmt.Errorf("renew the reference after step %d: %w", step, err)
	}
	l.reference, l.state.Renewed, l.state.Pace = reference, step, Pace{}
	return nil
}

// lastReference freezes the reference as it was renewed last: the policy of that step's
// checkpoint.
func (l *Loop) lastReference(ctx context.Context) error {
	if l.state.Renewed == 0 {
		return nil
	}
	err := l.Policy.Load(ctx, l.Dir.Checkpoint(l.state.Renewed))
	if err == nil {
		l.reference, err = l.Policy.Reference()
	}
	if err != nil {
		return fmt.Errorf("the reference of step %d: %w", l.state.Renewed, err)
	}
	return nil
}
