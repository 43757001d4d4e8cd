package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/rundir"
)

// SFTConfig is how a model is fine-tuned on examples. Each key is a flag of `negativa sft`
// and a key of its YAML file, TRL's where TRL has one.
type SFTConfig struct {
	Model      string `yaml:"model" name:"model" required:"" help:"Model folder (config.json, model.safetensors, tokenizer.json), or base: the model in this program."`
	Data       string `yaml:"data" name:"data" required:"" placeholder:"FILE" help:"Examples: parquet, JSONL or JSON with messages, or with prompt and completion; or hub:ORG/NAME[/CONFIG][@REVISION][:FILE or SPLIT]."`
	OutputDir  string `yaml:"output_dir" name:"output_dir" type:"path" help:"Folder of the run; it must be absent or empty."`
	Seed       uint64 `yaml:"seed" name:"seed" default:"1" help:"Seed of the order of examples, and of adapters."`
	Epochs     int    `yaml:"num_train_epochs" name:"num_train_epochs" default:"3" help:"Times each example is seen."`
	MaxSteps   int    `yaml:"max_steps" name:"max_steps" default:"0" help:"Optimizer steps; 0: as many as the epochs have."`
	BatchSize  int    `yaml:"batch_size" name:"batch_size" default:"32" help:"Examples a step."`
	MaxLength  int    `yaml:"max_length" name:"max_length" default:"0" help:"Examples with more tokens are left out; 0: those that the model has no positions for."`
	SaveSteps  int    `yaml:"save_steps" name:"save_steps" default:"0" help:"Steps between checkpoints; 0: only the last."`
	LoRAConfig `yaml:",inline"`

	LearningRate float64 `yaml:"learning_rate" name:"learning_rate" default:"2e-5" help:"Peak learning rate, reached after the warm-up."`
	MinRatio     float64 `yaml:"min_lr_ratio" name:"min_lr_ratio" default:"0.1" help:"The cosine schedule ends at this fraction of the peak."`
	WarmupSteps  int     `yaml:"warmup_steps" name:"warmup_steps" default:"0" help:"Steps of linear warm-up."`
	WeightDecay  float64 `yaml:"weight_decay" name:"weight_decay" default:"0" help:"Decoupled weight decay."`
	MaxGradNorm  float64 `yaml:"max_grad_norm" name:"max_grad_norm" default:"1" help:"Gradients are clipped to this norm; 0: off."`

	Threads          int    `yaml:"threads" name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
	MicroBatchTokens int    `yaml:"micro_batch_tokens" name:"micro_batch_tokens" default:"2048" help:"Tokens whose activations are held at once. No result depends on it."`
	DType            string `yaml:"dtype" name:"dtype" default:"f32" help:"f32, or bf16: factors of products in bfloat16, sums and master weights in float32."`
	Checkpointing    bool   `yaml:"gradient_checkpointing" name:"gradient_checkpointing" default:"false" help:"Compute activations again on the way back: less memory, a third more work. No result depends on it."`
}

// Validate refuses impossible values, naming key, value and range.
func (c SFTConfig) Validate() error {
	for _, k := range []struct {
		key string
		ok  bool
		is  any
		be  string
	}{
		{"num_train_epochs", c.Epochs >= 1, c.Epochs, "at least 1"},
		{"max_steps", c.MaxSteps >= 0, c.MaxSteps, "0 (as the epochs have) or positive"},
		{"batch_size", c.BatchSize >= 1, c.BatchSize, "at least 1"},
		{"max_length", c.MaxLength >= 0, c.MaxLength, "0 (what fits) or positive"},
		{"save_steps", c.SaveSteps >= 0, c.SaveSteps, "0 (only the last) or positive"},
		{"lora_r", c.LoRARank >= 0, c.LoRARank, "0 (off) or positive"},
		{"learning_rate", c.LearningRate > 0 && !math.IsInf(c.LearningRate, 0), c.LearningRate, "positive"},
		{"min_lr_ratio", c.MinRatio >= 0 && c.MinRatio <= 1, c.MinRatio, "in [0, 1]"},
		{"warmup_steps", c.WarmupSteps >= 0, c.WarmupSteps, "0 or positive"},
	} {
		if !k.ok {
			return fmt.Errorf("%s is %v; it must be %s", k.key, k.is, k.be)
		}
	}
	return nil
}

// Steps is the number of optimizer steps of a run over n examples.
func (c SFTConfig) Steps(n int) int {
	if c.MaxSteps > 0 {
		return c.MaxSteps
	}
	return (n*c.Epochs + c.BatchSize - 1) / c.BatchSize
}

// FineTune teaches a policy the completions of examples, whose Prompt and Completion are
// tokens: the mean negative log-likelihood of a batch's completion tokens, prompts apart.
// Examples come in epochs that are shuffled anew; a batch may hold the end of one and the
// beginning of the next. Checkpoints go to dir.
func FineTune(ctx context.Context, policy engine.Engine, examples []negativa.Datum, c SFTConfig, dir *rundir.Dir, onStep func(PretrainMetrics) error) error {
	steps := c.Steps(len(examples))
	for step := range steps {
		start := time.Now()
		batch, tokens := c.batch(examples, step)
		result, err := policy.ForwardBackward(ctx, batch, nextToken, 1)
		if err != nil {
			return fmt.Errorf("step %d: %w", step+1, err)
		}
		rate := cosine(step, steps, c.WarmupSteps, c.LearningRate, c.MinRatio)
		update, err := policy.OptimStep(ctx, engine.OptimParams{
			Optimizer: engine.AdamW, LearningRate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
			WeightDecay: c.WeightDecay, MaxGradNorm: c.MaxGradNorm,
		})
		if err != nil {
			return fmt.Errorf("step %d: %w", step+1, err)
		}
		err = onStep(PretrainMetrics{
			Step: step + 1, Loss: result.Loss, GradNorm: update.GradNorm, LearningRate: rate,
			NumTokens: tokens, StepTime: time.Since(start).Seconds(),
		})
		if err == nil && (step+1 == steps || c.SaveSteps > 0 && (step+1)%c.SaveSteps == 0) {
			err = dir.SaveCheckpoint(step+1, func(to string) error {
				return errors.Join(policy.Save(ctx, to), rundir.WriteJSON(filepath.Join(to, stateFile), State{Step: step + 1, Objective: "sft", Seed: c.Seed}))
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// batch is a step's examples, each of its tokens weighing the same.
func (c SFTConfig) batch(examples []negativa.Datum, step int) (batch []negativa.Datum, tokens int) {
	n := len(examples)
	var order []int
	epoch := -1
	for i := range c.BatchSize {
		at := step*c.BatchSize + i
		if at/n != epoch {
			epoch = at / n
			order = draw.New(c.Seed, "epoch").At(uint64(epoch)).Perm(n)
		}
		d := examples[order[at%n]]
		d.ID = rowID(i)
		tokens += len(d.Completion)
		batch = append(batch, d)
	}
	for i := range batch {
		batch[i].Row.Weight = 1 / float64(tokens)
	}
	return batch, tokens
}

// cosine is the learning rate of a step: up in a line, down along half a cosine.
func cosine(step, steps, warmup int, peak, minRatio float64) float64 {
	if step < warmup {
		return peak * float64(step+1) / float64(warmup)
	}
	progress := float64(step-warmup) / float64(max(1, steps-warmup))
	return peak * (minRatio + (1-minRatio)*(1+math.Cos(math.Pi*progress))/2)
}
