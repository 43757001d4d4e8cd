package train

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// PretrainConfig is how a base model is made from solution traces. Each key is a flag
// of `negativa pretrain` and a key of its YAML file.
type PretrainConfig struct {
	Task         string  `yaml:"task" name:"task" default:"countdown" help:"Task family whose traces are learnt; options follow a colon (countdown:numbers=4)."`
	MaxSteps     int     `yaml:"max_steps" name:"max_steps" default:"750" help:"Optimizer steps."`
	BatchSize    int     `yaml:"batch_size" name:"batch_size" default:"256" help:"Traces a step, each of a problem of its own."`
	LearningRate float64 `yaml:"learning_rate" name:"learning_rate" default:"0.003" help:"Peak learning rate, reached after the warm-up."`
	MinRatio     float64 `yaml:"min_lr_ratio" name:"min_lr_ratio" default:"0.1" help:"The cosine schedule ends at this fraction of the peak."`
	WarmupSteps  int     `yaml:"warmup_steps" name:"warmup_steps" default:"50" help:"Steps of linear warm-up."`
	WeightDecay  float64 `yaml:"weight_decay" name:"weight_decay" default:"0.1" help:"Decoupled weight decay."`
	MaxGradNorm  float64 `yaml:"max_grad_norm" name:"max_grad_norm" default:"1" help:"Gradients are clipped to this norm; 0: off."`
	Seed         uint64  `yaml:"seed" name:"seed" default:"1" help:"Seed of the weights, the problems and the traces."`

	HiddenSize       int     `yaml:"hidden_size" name:"hidden_size" default:"96" help:"Width of the residual stream."`
	IntermediateSize int     `yaml:"intermediate_size" name:"intermediate_size" default:"256" help:"Width of the gated MLP."`
	Layers           int     `yaml:"num_hidden_layers" name:"num_hidden_layers" default:"3" help:"Decoder blocks."`
	Heads            int     `yaml:"num_attention_heads" name:"num_attention_heads" default:"3" help:"Query heads."`
	KVHeads          int     `yaml:"num_key_value_heads" name:"num_key_value_heads" default:"1" help:"Key-value heads."`
	HeadDim          int     `yaml:"head_dim" name:"head_dim" default:"32" help:"Width of a head."`
	MaxPositions     int     `yaml:"max_position_embeddings" name:"max_position_embeddings" default:"128" help:"Longest prompt and completion together."`
	InitializerRange float64 `yaml:"initializer_range" name:"initializer_range" default:"0.05" help:"Deviation of the fresh weights."`
}

// Validate refuses impossible values, naming key, value and range.
func (c PretrainConfig) Validate() error {
	for _, k := range []struct {
		key string
		ok  bool
		is  any
		be  string
	}{
		{"max_steps", c.MaxSteps >= 1, c.MaxSteps, "at least 1"},
		{"batch_size", c.BatchSize >= 1, c.BatchSize, "at least 1"},
		{"learning_rate", c.LearningRate > 0 && !math.IsInf(c.LearningRate, 0), c.LearningRate, "positive"},
		{"min_lr_ratio", c.MinRatio >= 0 && c.MinRatio <= 1, c.MinRatio, "between 0 and 1"},
		{"warmup_steps", c.WarmupSteps >= 0, c.WarmupSteps, "at least 0"},
		{"weight_decay", c.WeightDecay >= 0 && !math.IsInf(c.WeightDecay, 0), c.WeightDecay, "at least 0"},
		{"max_grad_norm", c.MaxGradNorm >= 0, c.MaxGradNorm, "at least 0"},
	} {
		if !k.ok {
			return fmt.Errorf("%s is %v; it must be %s", k.key, k.is, k.be)
		}
	}
	return nil
}

// PretrainMetrics is one step of Pretrain.
type PretrainMetrics struct {
	Step         int     `json:"step"`
	Loss         float64 `json:"loss"` // mean negative log-likelihood of a completion token, nats
	GradNorm     float64 `json:"grad_norm"`
	LearningRate float64 `json:"learning_rate"`
	NumTokens    int     `json:"num_tokens"` // completion tokens of the step
	StepTime     float64 `json:"step_time"`  // seconds
}

// Pretrain teaches a fresh policy the task's traces: next-token loss on the completion,
// AdamW, linear warm-up and a cosine schedule. Every trace is of a problem of its own
// from the pretrain split, so no problem of the train or test split is seen.
func Pretrain(ctx context.Context, policy engine.Trainer, tok *tokenizer.Tokenizer, family task.Family, c PretrainConfig, onStep func(PretrainMetrics) error) error {
	for step := range c.MaxSteps {
		start := time.Now()
		batch, tokens, err := traces(tok, family, c, step)
		if err != nil {
			return fmt.Errorf("pretraining step %d: %w", step, err)
		}
		result, err := policy.ForwardBackward(ctx, batch, nextToken, 1)
		if err != nil {
			return fmt.Errorf("pretraining step %d: %w", step, err)
		}
		rate := c.rate(step)
		update, err := policy.OptimStep(ctx, engine.OptimParams{
			Optimizer: engine.AdamW, LearningRate: rate, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8,
			WeightDecay: c.WeightDecay, MaxGradNorm: c.MaxGradNorm,
		})
		if err != nil {
			return fmt.Errorf("pretraining step %d: %w", step, err)
		}
		if err := onStep(PretrainMetrics{
			Step: step + 1, Loss: result.Loss, GradNorm: update.GradNorm, LearningRate: rate,
			NumTokens: tokens, StepTime: time.Since(start).Seconds(),
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c PretrainConfig) rate(step int) float64 {
	return cosine(step, c.MaxSteps, c.WarmupSteps, c.LearningRate, c.MinRatio)
}

// traces is one step's batch: problem and trace are addressed by (seed, step, row).
func traces(tok *tokenizer.Tokenizer, family task.Family, c PretrainConfig, step int) (batch []negativa.Datum, tokens int, err error) {
	for i := range c.BatchSize {
		index := uint64(step*c.BatchSize + i)
		problem := family.Problem(task.Pretrain, c.Seed, index)
		trace := family.Trace(problem, draw.New(c.Seed, "trace").Uint64(index))
		prompt, err := tok.EncodePrompt(problem.Prompt)
		if err != nil {
			return nil, 0, fmt.Errorf("problem %s: %w", problem.ID, err)
		}
		completion, err := tok.Encode(trace)
		if err != nil {
			return nil, 0, fmt.Errorf("trace of problem %s: %w", problem.ID, err)
		}
		batch = append(batch, negativa.Datum{ID: rowID(i), Prompt: prompt, Completion: append(completion, tok.EOS())})
		tokens += len(completion) + 1
	}
	for i := range batch {
		batch[i].Row.Weight = 1 / float64(tokens)
	}
	return batch, tokens, nil
}

func rowID(i int) string { return fmt.Sprintf("%06s", strconv.Itoa(i)) }

// nextToken is the negative log-likelihood −w Σ log π(y_t).
var nextToken = negativa.Loss{Row: func(row *negativa.Row, at, grad *negativa.Evaluation) float64 {
	loss := 0.0
	for t, lp := range at.Logprobs {
		loss -= row.Weight * lp
		grad.Logprobs[t] = -row.Weight
	}
	return loss
}}
