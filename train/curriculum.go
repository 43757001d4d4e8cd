package train

import (
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/task"
)

// CurriculumConfig lets a task grow harder as it is learnt: see task.Gate.
type CurriculumConfig struct {
	CurriculumRaise float64 `yaml:"curriculum_raise,omitempty" name:"curriculum_raise" default:"0" help:"Share of right samples in a step at which the next takes problems of the task's next level, from level 1; 0: no curriculum."`
	CurriculumLower float64 `yaml:"curriculum_lower,omitempty" name:"curriculum_lower" default:"0" help:"Share of right samples below which the level before comes back."`
}

// Gate is the curriculum's, over a number of levels.
func (c CurriculumConfig) Gate(levels int) task.Gate {
	return task.Gate{Raise: c.CurriculumRaise, Lower: c.CurriculumLower, Top: levels}
}

// validateCurriculum refuses bounds that are none, and what would measure another rate.
func (c Config) validateCurriculum() error {
	switch {
	case c.CurriculumRaise == 0 && c.CurriculumLower == 0:
		return nil
	case c.Data != "":
		return errors.New("curriculum_raise is for a task, which has levels: leave it or data out")
	case c.DynamicSampling:
		return errors.New("curriculum_raise needs the share of right samples over all problems, some of which dynamic_sampling leaves out: leave one of them out")
	}
	if err := c.Gate(1).Validate(); err != nil {
		return fmt.Errorf("curriculum_raise %v, curriculum_lower %v: %w", c.CurriculumRaise, c.CurriculumLower, err)
	}
	return nil
}

// level is where the step's problems come from.
func (l *Loop) level() Problems {
	if l.state.Level == 0 {
		return l.Problems
	}
	return l.Levels[l.state.Level-1]
}

// advance sets the level of the next step by the share of this one's samples that are right.
func (l *Loop) advance(groups []negativa.Group, m map[string]float64) {
	if l.state.Level == 0 {
		return
	}
	m["curriculum_level"] = float64(l.state.Level)
	right, all := 0, 0
	for _, g := range groups {
		for _, r := range g.Rollouts {
			right += count(r.Verdict.Outcome == negativa.Correct)
			all++
		}
	}
	next := l.Config.Gate(len(l.Levels)).Next(l.state.Level, float64(right)/float64(all))
	if next != l.state.Level { // shares of two levels say nothing of each other
		l.state.Level, l.state.Pace = next, Pace{}
	}
}
