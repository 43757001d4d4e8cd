package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/objective"
)

// Config is everything that decides a run. Each field is a YAML key and a flag of the
// same name, TRL's where TRL has one. Fields that are nil or empty take the objective's
// own default; Resolve fills them in.
type Config struct {
	Model      string `yaml:"model" name:"model" default:"base" help:"Model folder (config.json, model.safetensors, tokenizer.json), or base: the model in this program."`
	Task       string `yaml:"task" name:"task" default:"countdown" help:"Task family; options follow a colon (countdown:numbers=4,max=20)."`
	DataConfig `yaml:",inline"`
	Reward     string `yaml:"reward" name:"reward" default:"truth" help:"What samples are worth: truth; random:SHARE; inverted; format (an answer that can be read); majority (of the group, no gold needed); or FILE.star, with def reward(prompt, response, gold, correct) in Starlark."`
	Objective  string `yaml:"objective" name:"objective" default:"nsr" help:"psr, nsr, w-reinforce, reinforce, rloo, grpo, dr-grpo, ppo, dapo, gspo, cispo or hicra."`
	OutputDir  string `yaml:"output_dir" name:"output_dir" type:"path" help:"Folder of the run; it must be absent or empty."`
	Seed       uint64 `yaml:"seed" name:"seed" default:"1" help:"Seed of every draw: problems, samples, shuffles."`

	MaxSteps       int `yaml:"max_steps" name:"max_steps" default:"100" help:"Steps: one batch of rollouts each."`
	PromptsPerStep int `yaml:"prompts_per_step" name:"prompts_per_step" default:"128" help:"Problems a step."`
	NumGenerations int `yaml:"num_generations" name:"num_generations" default:"8" help:"Samples of each problem."`
	NumMiniBatches int `yaml:"num_mini_batches" name:"num_mini_batches" default:"4" help:"Optimizer steps that a full batch of rollouts is split into."`
	NumIterations  int `yaml:"num_iterations" name:"num_iterations" default:"1" help:"Times each rollout is used."`

	UpdateMask   string  `yaml:"update_mask,omitempty" name:"update_mask" type:"path" placeholder:"FILE" help:"Mask of the weights that may move, as negativa diff --mask writes it; all others stay bit for bit."`
	Optimizer    string  `yaml:"optimizer" name:"optimizer" default:"adamw" help:"adamw or sgd."`
	LearningRate float64 `yaml:"learning_rate" name:"learning_rate" default:"1e-4" help:"Constant learning rate."`
	AdamBeta1    float64 `yaml:"adam_beta1" name:"adam_beta1" default:"0.9" help:"Decay of AdamW's first moment."`
	AdamBeta2    float64 `yaml:"adam_beta2" name:"adam_beta2" default:"0.999" help:"Decay of AdamW's second moment."`
	AdamEpsilon  float64 `yaml:"adam_epsilon" name:"adam_epsilon" default:"1e-8" help:"AdamW's epsilon."`
	WeightDecay  float64 `yaml:"weight_decay" name:"weight_decay" default:"0.01" help:"Decoupled weight decay."`
	MaxGradNorm  float64 `yaml:"max_grad_norm" name:"max_grad_norm" default:"1" help:"Gradients are clipped to this norm; 0: off."`

	Temperature         float64 `yaml:"temperature" name:"temperature" default:"1" help:"Sampling temperature; log-probabilities are taken at it."`
	TopK                int     `yaml:"top_k" name:"top_k" default:"0" help:"Sample from the k likeliest tokens; 0: off."`
	TopP                float64 `yaml:"top_p" name:"top_p" default:"1" help:"Sample from the likeliest tokens with this share; 1: off."`
	MinP                float64 `yaml:"min_p" name:"min_p" default:"0" help:"Leave out tokens less likely than this times the likeliest; 0: off."`
	MaxCompletionLength int     `yaml:"max_completion_length" name:"max_completion_length" default:"0" help:"Tokens of a completion; 0: what the task's longest answer needs, of a file's problems 1024."`
	MaskTruncated       bool    `yaml:"mask_truncated_completions" name:"mask_truncated_completions" default:"false" help:"Leave completions that hit the limit out of the loss."`

	DynamicSampling   bool `yaml:"dynamic_sampling" name:"dynamic_sampling" default:"false" help:"Leave out problems whose samples are all worth the same, and draw others in their place."`
	DynamicDraws      int  `yaml:"dynamic_sampling_draws" name:"dynamic_sampling_draws" default:"4" help:"Batches of problems that dynamic sampling draws at most."`
	SoftOverlongCache int  `yaml:"soft_overlong_cache" name:"soft_overlong_cache" default:"0" help:"Tokens before max_completion_length over which a punishment grows to -1; 0: none."`

	CurriculumConfig `yaml:",inline"`
	RenewalConfig    `yaml:",inline"`
	LoRAConfig       `yaml:",inline"`

	Lambda         *float64 `yaml:"lambda" name:"lambda" help:"W-REINFORCE: weight of the right half (0.1)."`
	HICRAAlpha     *float64 `yaml:"hicra_alpha" name:"hicra_alpha" help:"HICRA: share of its size by which the advantage of strategy is lifted (0.2)."`
	HICRATokens    string   `yaml:"hicra_tokens" name:"hicra_tokens" help:"HICRA: tokens that are lifted: strategy, or placebo, as many others of the same answer at random (strategy)."`
	Epsilon        *float64 `yaml:"epsilon" name:"epsilon" help:"Lower clip of the ratio (0.2); 1: none."`
	EpsilonHigh    *float64 `yaml:"epsilon_high" name:"epsilon_high" help:"Upper clip of the ratio (epsilon; dapo: 0.28); of cispo the bound of the weights itself (5); 1e9: none."`
	Delta          *float64 `yaml:"delta" name:"delta" help:"Dual clip of negative advantages; 0: off (0)."`
	Level          string   `yaml:"importance_sampling_level" name:"importance_sampling_level" help:"Ratio of each token, of the sequence, or its geometric mean over tokens (token; rloo: sequence; gspo: sequence-mean)."`
	Beta           *float64 `yaml:"beta" name:"beta" help:"Weight of the KL to the starting model (0; grpo and ppo: 0.001)."`
	KLEstimator    string   `yaml:"kl_estimator" name:"kl_estimator" help:"k1, k2 or k3 (k3; rloo and ppo: k1)."`
	KLIn           string   `yaml:"kl_in" name:"kl_in" help:"KL in the loss or in the reward (loss; rloo and ppo: reward)."`
	EntropyCoef    *float64 `yaml:"entropy_coef" name:"entropy_coef" help:"Weight of the entropy bonus (0)."`
	ScaleRewards   string   `yaml:"scale_rewards" name:"scale_rewards" help:"Advantages divided by the deviation of the group, of the batch, or by none (grpo: group)."`
	Normaliser     string   `yaml:"normaliser" name:"normaliser" help:"token-mean, seq-mean-token-sum, seq-mean-token-mean or constant."`
	NormaliserOver string   `yaml:"normaliser_over" name:"normaliser_over" help:"Rows that the normaliser counts: kept (non-zero advantage) or all."`
	Gamma          *float64 `yaml:"gamma" name:"gamma" help:"PPO: discount (1)."`
	Lam            *float64 `yaml:"lam" name:"lam" help:"PPO: lambda of GAE (1)."`
	VFCoef         *float64 `yaml:"vf_coef" name:"vf_coef" help:"PPO: weight of the value loss (0.1)."`
	CliprangeValue *float64 `yaml:"cliprange_value" name:"cliprange_value" help:"PPO: the value's clip (0.2)."`

	Threads          int    `yaml:"threads" name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
	MicroBatchTokens int    `yaml:"micro_batch_tokens" name:"micro_batch_tokens" default:"2048" help:"Tokens whose activations are held at once, though each thread holds one prompt with its completions at least. No result depends on it."`
	DType            string `yaml:"dtype" name:"dtype" default:"f32" help:"f32, or bf16: factors of products in bfloat16, sums and master weights in float32."`
	ParamDType       string `yaml:"param_dtype" name:"param_dtype" default:"f32" help:"How trained weights are kept: f32, or bf16: bfloat16 numbers without a master copy, whose updates are rounded up or down at random. Files halve; in memory each takes four bytes all the same."`
	Checkpointing    bool   `yaml:"gradient_checkpointing" name:"gradient_checkpointing" default:"false" help:"Compute activations again on the way back: less memory, a third more work. No result depends on it."`
	SaveSteps        int    `yaml:"save_steps" name:"save_steps" default:"0" help:"Steps between checkpoints; 0: only the last."`
	ProbeSteps       int    `yaml:"probe_steps" name:"probe_steps" default:"10" help:"Steps between measurements of what a step's updates do to the probabilities of its samples, of right answers that were not sampled, and of the tokens of wrong samples; 0: none. No weight depends on it."`
	RolloutSteps     int    `yaml:"rollout_steps" name:"rollout_steps" default:"10" help:"Steps between files of samples with verdicts; 0: none."`
}

// DataConfig names a file of problems that a run trains on instead of a task.
type DataConfig struct {
	Data            string `yaml:"data,omitempty" name:"data" placeholder:"FILE" help:"Problems of a file instead of a task: parquet, JSONL or JSON, or hub:ORG/NAME[/CONFIG][@REVISION][:FILE or SPLIT]; its form is detected."`
	QuestionField   string `yaml:"question_field,omitempty" name:"question_field" aliases:"question-field" placeholder:"COLUMN" help:"Column of the question, text or chat; a dot leads into a nested value (detected)."`
	GoldField       string `yaml:"gold_field,omitempty" name:"gold_field" aliases:"gold-field" placeholder:"COLUMN" help:"Column of the gold answer (detected: the final answer of the solution, if there is one)."`
	SolutionField   string `yaml:"solution_field,omitempty" name:"solution_field" aliases:"solution-field" placeholder:"COLUMN" help:"Column of a worked solution (detected)."`
	IDField         string `yaml:"id_field,omitempty" name:"id_field" aliases:"id-field" placeholder:"COLUMN" help:"Column of unique ids (detected, else a hash of the question)."`
	PromptTemplate  string `yaml:"prompt_template,omitempty" name:"prompt_template" aliases:"prompt-template" help:"How a problem of a file is put: chat (the model's chat template), plain, boxed, boxed-chat, qwen-boxed, or a text with {problem} (boxed-chat where the model has a chat template, else boxed)."`
	Mode            string `yaml:"mode" name:"mode" default:"strict" help:"How answers to a file's problems are graded: math, strict or paper; math:decimals=N or strict:decimals=N for a tolerance."`
	MaxPromptLength int    `yaml:"max_prompt_length" name:"max_prompt_length" default:"0" help:"Leave out problems of a file whose prompts have more tokens; 0: those that leave no place for a completion."`
}

// LoRAConfig has adapters trained instead of the model, under PEFT's names.
type LoRAConfig struct {
	LoRARank   int      `yaml:"lora_r" name:"lora_r" default:"0" help:"Rank of low-rank adapters, which are trained instead of the model; 0: the whole model is trained."`
	LoRAAlpha  float64  `yaml:"lora_alpha" name:"lora_alpha" default:"32" help:"Adapters are scaled by lora_alpha / lora_r."`
	RSLoRA     bool     `yaml:"use_rslora" name:"use_rslora" default:"false" help:"Scale adapters by lora_alpha / sqrt(lora_r)."`
	LoRATarget []string `yaml:"lora_target_modules,omitempty" name:"lora_target_modules" placeholder:"MODULE" help:"Modules with adapters: some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj (all)."`
}

// Resolve checks the config and fills in what depends on the objective and the task:
// maxCompletion is the longest answer the task needs, in tokens. The config it returns
// has every value written out.
func (c Config) Resolve(maxCompletion int) (Config, objective.Objective, error) {
	o, err := objective.Default(c.Objective)
	if err != nil {
		return c, o, err
	}
	if c.MaxCompletionLength == 0 {
		c.MaxCompletionLength = maxCompletion
	}
	p := c.params(o.Params)
	if err := cmp.Or(c.validate(o), c.validateCurriculum()); err != nil {
		return c, o, err
	}
	if o, err = objective.New(c.Objective, p); err != nil {
		return c, o, err
	}
	return c.with(p), o, nil
}

// params lays what was set over the objective's own numbers.
func (c Config) params(p objective.Params) objective.Params {
	set := func(into *float64, value *float64) {
		if value != nil {
			*into = *value
		}
	}
	set(&p.Lambda, c.Lambda)
	set(&p.HICRAAlpha, c.HICRAAlpha)
	set(&p.Epsilon, c.Epsilon)
	set(&p.EpsilonHigh, c.Epsilon)
	set(&p.EpsilonHigh, c.EpsilonHigh)
	set(&p.Delta, c.Delta)
	set(&p.Beta, c.Beta)
	set(&p.EntropyCoef, c.EntropyCoef)
	set(&p.Gamma, c.Gamma)
	set(&p.Lam, c.Lam)
	set(&p.VFCoef, c.VFCoef)
	set(&p.CliprangeValue, c.CliprangeValue)
	p.Level = or(objective.Level(c.Level), p.Level)
	p.KLEstimator = or(objective.Estimator(c.KLEstimator), p.KLEstimator)
	p.KLIn = or(objective.Place(c.KLIn), p.KLIn)
	p.ScaleRewards = or(objective.Scale(c.ScaleRewards), p.ScaleRewards)
	p.Normaliser = or(objective.Normaliser(c.Normaliser), p.Normaliser)
	p.Over = or(objective.Over(c.NormaliserOver), p.Over)
	p.MaxCompletionLength = c.MaxCompletionLength
	return p
}

func or[T ~string](value, fallback T) T {
	if value == "" {
		return fallback
	}
	return value
}

// with writes the objective's numbers back.
func (c Config) with(p objective.Params) Config {
	c.Lambda, c.HICRAAlpha, c.HICRATokens = &p.Lambda, &p.HICRAAlpha, or(c.HICRATokens, strategyTokens)
	c.Epsilon, c.EpsilonHigh, c.Delta = &p.Epsilon, &p.EpsilonHigh, &p.Delta
	c.Beta, c.EntropyCoef = &p.Beta, &p.EntropyCoef
	c.Gamma, c.Lam, c.VFCoef, c.CliprangeValue = &p.Gamma, &p.Lam, &p.VFCoef, &p.CliprangeValue
	c.Level, c.KLEstimator, c.KLIn = string(p.Level), string(p.KLEstimator), string(p.KLIn)
	c.ScaleRewards, c.Normaliser, c.NormaliserOver = string(p.ScaleRewards), string(p.Normaliser), string(p.Over)
	return c
}

func (c Config) validate(o objective.Objective) error {
	rollouts := c.PromptsPerStep * c.NumGenerations
	atLeast := func(x, low float64) bool { return x >= low && !math.IsInf(x, 0) }
	for _, k := range []struct {
		key   string
		value any
		ok    bool
		must  string
	}{
		{"max_steps", c.MaxSteps, c.MaxSteps >= 1, "be at least 1"},
		{"prompts_per_step", c.PromptsPerStep, c.PromptsPerStep >= 1 && c.PromptsPerStep <= 1<<20, "be between 1 and 2^20"},
		{"num_generations", c.NumGenerations, c.NumGenerations >= 1 && c.NumGenerations <= 1<<20, "be between 1 and 2^20"},
		{"num_generations", c.NumGenerations, !o.Grouped || c.NumGenerations >= 2, "be at least 2 for " + o.Name + ", which compares the samples of one problem"},
		{"num_mini_batches", c.NumMiniBatches, c.NumMiniBatches >= 1 && rollouts%c.NumMiniBatches == 0, fmt.Sprintf("divide prompts_per_step × num_generations = %d", rollouts)},
		{"num_iterations", c.NumIterations, c.NumIterations >= 1, "be at least 1"},
		{"optimizer", c.Optimizer, c.Optimizer == string(engine.AdamW) || c.Optimizer == string(engine.SGD), "be adamw or sgd"},
		{"learning_rate", c.LearningRate, atLeast(c.LearningRate, 0), "be a finite number, 0 or above"},
		{"adam_beta1", c.AdamBeta1, c.AdamBeta1 >= 0 && c.AdamBeta1 < 1, "be in [0, 1)"},
		{"adam_beta2", c.AdamBeta2, c.AdamBeta2 >= 0 && c.AdamBeta2 < 1, "be in [0, 1)"},
		{"adam_epsilon", c.AdamEpsilon, c.AdamEpsilon > 0, "be positive"},
		{"weight_decay", c.WeightDecay, atLeast(c.WeightDecay, 0), "be a finite number, 0 or above"},
		{"max_grad_norm", c.MaxGradNorm, atLeast(c.MaxGradNorm, 0), "be a finite number, 0 (off) or above"},
		{"temperature", c.Temperature, c.Temperature > 0 && atLeast(c.Temperature, 0), "be a finite positive number: training needs draws"},
		{"top_k", c.TopK, c.TopK >= 0, "be 0 (off) or positive"},
		{"top_p", c.TopP, c.TopP > 0 && c.TopP <= 1, "be in (0, 1], where 1 is off"},
		{"min_p", c.MinP, c.MinP >= 0 && c.MinP <= 1, "be in [0, 1], where 0 is off"},
		{"max_completion_length", c.MaxCompletionLength, c.MaxCompletionLength >= 1, "be at least 1, or 0 for the task's own bound"},
		{"dynamic_sampling_draws", c.DynamicDraws, c.DynamicDraws >= 1 || !c.DynamicSampling, "be at least 1"},
		{"soft_overlong_cache", c.SoftOverlongCache, c.SoftOverlongCache >= 0 && c.SoftOverlongCache <= c.MaxCompletionLength, "be between 0 (none) and max_completion_length"},
		{"soft_overlong_cache", c.SoftOverlongCache, c.SoftOverlongCache == 0 || o.Grouped, "be 0 for " + o.Name + ", whose rewards are 0 or 1: rewards below 0 are for objectives that compare the samples of one problem"},
		{"max_prompt_length", c.MaxPromptLength, c.MaxPromptLength >= 0, "be 0 (what fits) or positive"},
		{"hicra_tokens", c.HICRATokens, slices.Contains([]string{"", strategyTokens, placeboTokens}, c.HICRATokens), "be strategy or placebo"},
		{"lora_r", c.LoRARank, c.LoRARank >= 0, "be 0 (off) or positive"},
		{"threads", c.Threads, c.Threads >= 0, "be 0 (all) or positive"},
		{"micro_batch_tokens", c.MicroBatchTokens, c.MicroBatchTokens >= 1, "be at least 1"},
		{"dtype", c.DType, c.DType == "f32" || c.DType == "bf16", "be f32 or bf16"},
		{"param_dtype", c.ParamDType, c.ParamDType == "" || c.ParamDType == "f32" || c.ParamDType == "bf16", "be f32 or bf16"},
		{"ref_model_sync_steps", c.RefSyncSteps, c.RefSyncSteps >= 0, "be 0 (never) or positive"},
		{"ref_model_sync_patience", c.RefSyncPatience, c.RefSyncPatience >= 0, "be 0 (never) or positive"},
		{"save_steps", c.SaveSteps, c.SaveSteps >= 0, "be 0 (only the last) or positive"},
		{"probe_steps", c.ProbeSteps, c.ProbeSteps >= 0, "be 0 (none) or positive"},
		{"rollout_steps", c.RolloutSteps, c.RolloutSteps >= 0, "be 0 (none) or positive"},
	} {
		if !k.ok {
			return fmt.Errorf("%s is %v; it must %s", k.key, k.value, k.must)
		}
	}
	return nil
}

// YAML is the resolved config with the objective's formula, as a run's config.yaml.
func (c Config) YAML(o objective.Objective) ([]byte, error) {
	raw, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "# %s\n# %s\n# w: %s over %s rows of a mini-batch; ρ = exp(lp − old), clip to [1 − epsilon, 1 + epsilon_high]\n%s",
		o.Source, o.Formula, o.Params.Normaliser, o.Params.Over, raw), nil
}

func (c Config) sampling(stop ...int32) engine.SampleParams {
	return engine.SampleParams{
		MaxTokens: c.MaxCompletionLength, Temperature: c.Temperature,
		TopK: c.TopK, TopP: c.TopP, MinP: c.MinP, Stop: stop,
	}
}

func (c Config) optimizer() engine.OptimParams {
	return engine.OptimParams{
		Optimizer: engine.Optimizer(c.Optimizer), LearningRate: c.LearningRate,
		Beta1: c.AdamBeta1, Beta2: c.AdamBeta2, Epsilon: c.AdamEpsilon,
		WeightDecay: c.WeightDecay, MaxGradNorm: c.MaxGradNorm,
	}
}
