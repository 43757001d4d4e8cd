package serve

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// item is one answer to grade.
type item struct {
	gold, response string
}

// gradeAll grades items side by side and returns what was found in their order.
func (s *Server) gradeAll(ctx context.Context, items []item) ([]verify.Grade, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	grades := make([]verify.Grade, len(items))
	var next atomic.Int64
	var team sync.WaitGroup
	for range min(s.options.Workers, len(items)) {
		team.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				var err error
				if grades[i], err = s.gradeOne(ctx, items[i]); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	team.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, g := range grades {
		s.metrics.verdict(g.Outcome)
	}
	return grades, nil
}

// gradeOne waits for a place and grades. A panic of the grader is this request's failure,
// not the server's end.
func (s *Server) gradeOne(ctx context.Context, it item) (g verify.Grade, err error) {
	if ctx.Err() != nil { // select may take the place all the same
		return g, context.Cause(ctx)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return g, context.Cause(ctx)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("grade %.200q against %.200q: a bug: %v\n%s", it.response, it.gold, p, debug.Stack())
		}
	}()
	return s.options.Grade(it.gold, it.response), nil
}

// score is a reward. It is written with a decimal point, so that readers that tell
// integers from floats, as tensors do, get floats.
type score float64

// MarshalJSON writes 0.0 or 1.0.
func (s score) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 1, 64), nil
}

// scoreOf gives 1 for a right answer and 0 for one that is wrong or absent. Nothing can be
// said of the others.
func scoreOf(o negativa.Outcome) (value score, ok bool) {
	switch o {
	case negativa.Correct:
		return 1, true
	case negativa.Wrong, negativa.UnparsedPrediction:
		return 0, true
	}
	return 0, false
}

// scoresOf are the scores of a request whose shape has a number for each answer. An
// answer without one fails the request: trainers would take any number for a reward.
func scoresOf(grades []verify.Grade) ([]score, error) {
	scores := make([]score, len(grades))
	for i, g := range grades {
		var ok bool
		if scores[i], ok = scoreOf(g.Outcome); !ok {
			return nil, failure{http.StatusUnprocessableEntity, fmt.Errorf("item %d has no score: %s: %s: mend it or leave it out (POST /v1/grade has null for it)", i, g.Outcome, g.Reason)}
		}
	}
	return scores, nil
}
