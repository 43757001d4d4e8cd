package train

import (
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/rundir"
)

// sample is a line of rollouts/step-N.jsonl, under the names of the paper's sample files.
type sample struct {
	QuestionID   string              `json:"question_id"`
	GenerationID int                 `json:"generation_id"`
	Prompt       string              `json:"prompt"`
	Response     string              `json:"response"`
	Label        bool                `json:"label"`
	GoldAnswer   string              `json:"gold_answer"`
	PredAnswer   string              `json:"pred_answer"`
	Verdict      negativa.Outcome    `json:"verdict"`
	Reason       string              `json:"reason,omitempty"`
	Reward       float64             `json:"reward"`
	Stop         negativa.StopReason `json:"stop"`
	Tokens       []negativa.Token    `json:"tokens"`
	Logprobs     []float32           `json:"logprobs"`
}

// keepRollouts writes the step's samples with their verdicts, at the interval.
func (l *Loop) keepRollouts(step int, groups []negativa.Group) error {
	if l.Dir == nil || l.Config.RolloutSteps == 0 || step%l.Config.RolloutSteps != 0 && step != 1 {
		return nil
	}
	err := rundir.WriteLines(l.Dir.Rollouts(step), func(yield func(sample) bool) {
		for _, g := range groups {
			for _, r := range g.Rollouts {
				if !yield(newSample(g.Problem, r)) {
					return
				}
			}
		}
	})
	if err != nil {
		return fmt.Errorf("keep the samples: %w", err)
	}
	return nil
}

func newSample(p negativa.Problem, r negativa.Rollout) sample {
	return sample{
		QuestionID: p.ID, GenerationID: r.Sample, Prompt: p.Prompt, Response: r.Text,
		Label: r.Verdict.Outcome == negativa.Correct, GoldAnswer: p.Gold, PredAnswer: r.Verdict.Answer,
		Verdict: r.Verdict.Outcome, Reason: r.Verdict.Reason, Reward: r.Reward, Stop: r.Stop,
		Tokens: r.Tokens, Logprobs: r.Logprobs,
	}
}
