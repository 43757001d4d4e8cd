package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/train"
)

type demoCommand struct {
	Quick   bool   `name:"quick" help:"The same line in less than a minute: too short to settle anything."`
	Seeds   int    `name:"seeds" default:"1" help:"Training seeds of each objective."`
	Out     string `name:"out" type:"path" help:"Folder of the run; it must be absent or empty (runs/demo, runs/demo-2, …)."`
	Threads int    `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
}

// Help is what `negativa demo --help` says beside the flags.
func (c *demoCommand) Help() string {
	return `Trains the base model in this program with PSR, NSR, W-REINFORCE, GRPO and PPO on
countdown problems, and evaluates Pass@1 to Pass@256 on problems that no training saw.
The folder holds summary.json, report.html, pictures, every evaluation with its
samples, and one run directory for each objective.

Example:  negativa demo --quick`
}

// plan is what a demo does. All objectives share it, and apart from it train with the
// defaults of negativa train.
type plan struct {
	Task           string   `yaml:"task"`
	Objectives     []string `yaml:"objectives"`
	Seeds          int      `yaml:"seeds"`
	MaxSteps       int      `yaml:"max_steps"`
	PromptsPerStep int      `yaml:"prompts_per_step"`
	NumGenerations int      `yaml:"num_generations"`
	NumMiniBatches int      `yaml:"num_mini_batches"`
	LearningRate   float64  `yaml:"learning_rate"`
	SaveSteps      int      `yaml:"save_steps"`
	NumProblems    int      `yaml:"num_problems"` // held out
	N              int      `yaml:"n"`            // samples of each, of the base, the final and the equal-Pass@1 policies
	TraceN         int      `yaml:"trace_n"`      // samples of each, of every checkpoint
	Quick          bool     `yaml:"quick"`
	Threads        int      `yaml:"threads"`
}

func (c *demoCommand) plan() plan {
	p := plan{
		Task: "countdown", Objectives: []string{"psr", "nsr", "w-reinforce", "grpo", "ppo"}, Seeds: c.Seeds,
		MaxSteps: 100, PromptsPerStep: 128, NumGenerations: 8, NumMiniBatches: 4, LearningRate: 1e-4, SaveSteps: 10,
		NumProblems: 200, N: 256, TraceN: 16, Threads: c.Threads,
	}
	if c.Quick {
		p.Quick, p.MaxSteps, p.PromptsPerStep, p.SaveSteps, p.NumProblems = true, 6, 64, 2, 32
	}
	return p
}

// config is the training config of one objective and seed.
func (p plan) config(objective string, seed int, dir string) (c train.Config, err error) {
	if err := kong.ApplyDefaults(&c); err != nil {
		return c, err
	}
	c.Task, c.Objective, c.OutputDir, c.Seed, c.Threads = p.Task, objective, dir, uint64(seed), p.Threads
	c.MaxSteps, c.PromptsPerStep, c.NumGenerations, c.NumMiniBatches = p.MaxSteps, p.PromptsPerStep, p.NumGenerations, p.NumMiniBatches
	c.LearningRate, c.SaveSteps = p.LearningRate, p.SaveSteps
	return c, nil
}

// name is what the run of an objective and seed is called.
func (p plan) name(objective string, seed int) string {
	if p.Seeds == 1 {
		return objective
	}
	return fmt.Sprintf("%s-seed%d", objective, seed)
}

// A rollout in training costs about as much as this many samples in an evaluation: it is
// sampled, scored by the reference, and goes forward and backward.
const rolloutCost = 5

// work is the size of the demo in evaluation samples, for the progress bar.
func (p plan) work() int {
	full := p.NumProblems * p.N
	run := p.MaxSteps*p.PromptsPerStep*p.NumGenerations*rolloutCost +
		(p.MaxSteps-1)/p.SaveSteps*p.NumProblems*p.TraceN + full
	return full + p.Seeds*(len(p.Objectives)*(run+full)-full) // the run that sets the target is not evaluated twice
}

func (c *demoCommand) Run(a *app) error {
	if c.Seeds < 1 {
		return badInput(fmt.Errorf("seeds is %d; it must be at least 1", c.Seeds))
	}
	begin := time.Now()
	p := c.plan()
	text, err := yaml.Marshal(p)
	if err != nil {
		return err
	}
	dir, err := rundir.Create(freshFolder(c.Out, "demo"), text, rundir.NewEnvironment(threads(c.Threads), 1))
	if err != nil {
		return badInput(err)
	}
	a.log.Info("demo", "folder", dir.Path(), "objectives", len(p.Objectives), "seeds", p.Seeds)
	summary, err := runDemo(a, p, dir)
	if err != nil {
		return fmt.Errorf("demo in %s: %w", dir.Path(), err)
	}
	page, err := report.Write(dir.Path())
	if err != nil {
		return err
	}
	if err := summary.Print(a.stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\nreport  %s\ntook    %s\n", page, time.Since(begin).Round(time.Second))
	return err
}

func runDemo(a *app, p plan, dir *rundir.Dir) (report.Summary, error) {
	family, err := task.New(p.Task)
	if err != nil {
		return report.Summary{}, err
	}
	problems, err := task.Problems(family, task.Test, 1, p.NumProblems)
	if err != nil {
		return report.Summary{}, err
	}
	d := &demo{app: a, plan: p, dir: dir, family: family, problems: problems, progress: a.start("demo", p.work())}
	summary, err := d.run()
	d.progress.stop()
	return summary, errors.Join(err, writeSummary(dir, summary, err))
}

// writeSummary leaves no summary of a demo that did not end.
func writeSummary(dir *rundir.Dir, s report.Summary, failed error) error {
	if failed != nil {
		return nil
	}
	return dir.WriteSummary(s)
}
