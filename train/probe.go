package train

import (
	"context"
	"fmt"
	"maps"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// Probe measures what a step's updates do to the policy. It is called before them, with
// the step's groups, which were drawn from the policy as it is then; what it returns is
// called after them and gives metrics of the step. Neither may change the policy or the
// groups. Steps are counted from 1.
type Probe func(ctx context.Context, step int, groups []negativa.Group) (after Measurement, err error)

// Measurement ends a probe of a step.
type Measurement func(ctx context.Context) (map[string]float64, error)

// probe begins to measure a step, every probe_steps steps and at the first; nil: not this one.
func (l *Loop) probe(ctx context.Context, step int, groups []negativa.Group) (Measurement, error) {
	if every := l.Config.ProbeSteps; l.Probe == nil || every == 0 || step%every != 0 && step != 1 {
		return nil, nil
	}
	after, err := l.Probe(ctx, step, groups)
	if err != nil {
		return nil, fmt.Errorf("probe before the updates: %w", err)
	}
	return after, nil
}

// into adds what was measured to a step's metrics.
func (after Measurement) into(ctx context.Context, m map[string]float64) error {
	if after == nil {
		return nil
	}
	measured, err := after(ctx)
	if err != nil {
		return fmt.Errorf("probe after the updates: %w", err)
	}
	maps.Copy(m, measured)
	return nil
}

// trackMove has an engine that can do so hold both halves of every gradient against the
// move of the parameters since the start. Start is called before a checkpoint is loaded,
// so a run that goes on measures from the same start.
func (l *Loop) trackMove() error {
	if t, ok := l.Policy.(engine.MoveTracker); ok {
		return t.TrackMove(l.reference)
	}
	return nil
}
