package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/hub"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/tokenizer/chat"
	"github.com/negativa-lab/negativa/train"
)

type sftCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`
	train.SFTConfig
}

// Help is what `negativa sft --help` says beside the flags.
func (c *sftCommand) Help() string {
	return `A record has messages, of which the last, the assistant's, is learnt; or prompt and
completion, of which the completion is. Messages are written by the model's chat template.
Prompts have no part in the loss.

Example:  negativa sft --model ./Qwen2.5-0.5B --data traces.jsonl --lora_r 16 --dtype bf16`
}

func (c *sftCommand) Run(a *app) error {
	if err := c.Validate(); err != nil {
		return badInput(err)
	}
	policy, tok, err := openModel(c.Model, modelOptions(c.LoRAConfig, c.Seed, native.Options{
		Threads: c.Threads, MicroBatchTokens: c.MicroBatchTokens, Recompute: c.Checkpointing, Precision: native.Precision(c.DType),
	}))
	if err != nil {
		return err
	}
	examples, err := c.examples(a, policy, tok)
	if err != nil {
		return badInput(err)
	}
	c.OutputDir = freshFolder(c.OutputDir, "sft")
	config, err := yaml.Marshal(c.SFTConfig)
	if err != nil {
		return err
	}
	dir, err := rundir.Create(c.OutputDir, config, rundir.NewEnvironment(threads(c.Threads), c.Seed))
	if err != nil {
		return badInput(err)
	}
	a.log.Info("fine-tuning", "model", c.Model, "examples", len(examples), "steps", c.Steps(len(examples)), "output_dir", c.OutputDir)
	if err := c.train(a, dir, policy, examples); err != nil {
		return fmt.Errorf("fine-tune in %s: %w", c.OutputDir, err)
	}
	last, err := dir.LatestCheckpoint()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "model   %s\n", last.Path)
	return err
}

func (c *sftCommand) train(a *app, dir *rundir.Dir, policy *native.Engine, examples []negativa.Datum) (err error) {
	log, err := dir.AppendMetrics()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	p := a.start("fine-tune", c.Steps(len(examples)))
	defer p.stop()
	return train.FineTune(a.ctx, policy, examples, c.SFTConfig, dir, func(m train.PretrainMetrics) error {
		p.add(1, fmt.Sprintf("loss %.4f", m.Loss))
		return log.Append(m.Step, map[string]float64{
			"loss": m.Loss, "grad_norm": m.GradNorm, "learning_rate": m.LearningRate,
			"num_tokens": float64(m.NumTokens), "step_time": m.StepTime,
		})
	})
}

// examples reads the data as tokens, and leaves out what is too long.
func (c *sftCommand) examples(a *app, policy *native.Engine, tok *tokenizer.Tokenizer) ([]negativa.Datum, error) {
	files := []string{c.Data}
	if strings.HasPrefix(c.Data, hub.Prefix) {
		var err error
		if files, err = a.fetchData(c.Data); err != nil {
			return nil, err
		}
	}
	rows, err := task.ReadExamples(files...)
	if err != nil {
		return nil, err
	}
	most := policy.Config().MaxPositions
	if c.MaxLength > 0 {
		most = min(most, c.MaxLength)
	}
	w := &writer{model: c.Model, tok: tok, end: stopTokens(policy, tok)}
	var examples []negativa.Datum
	for _, row := range rows {
		d, err := w.tokens(row)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", row.File, row.Row, err)
		}
		if len(d.Prompt)+len(d.Completion) <= most {
			examples = append(examples, d)
		}
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("%s: all %d examples have more than %d tokens", c.Data, len(rows), most)
	}
	a.log.Info("read examples", "file", c.Data, "kept", len(examples), "too_long", len(rows)-len(examples), "longest", most)
	return examples, nil
}

// writer turns examples into tokens.
type writer struct {
	model    string
	tok      *tokenizer.Tokenizer
	end      []negativa.Token
	template *chat.Template // nil until the first chat
}

func (w *writer) tokens(e task.Example) (d negativa.Datum, err error) {
	prompt, completion, ended := e.Prompt, e.Completion, false
	if e.Messages != nil {
		if prompt, completion, err = w.chat(e.Messages); err != nil {
			return d, err
		}
		ended = true // by the template
	}
	if d.Prompt, err = w.tok.EncodePrompt(prompt); err != nil {
		return d, err
	}
	if d.Completion, err = w.tok.Encode(completion); err != nil {
		return d, err
	}
	if !ended && len(w.end) > 0 {
		d.Completion = append(d.Completion, w.end[0])
	}
	return d, nil
}

// chat is the text up to the last message, and what the template makes of that.
func (w *writer) chat(messages []task.Message) (prompt, completion string, err error) {
	if w.template == nil {
		dir, done, err := modelFolder(w.model)
		if err != nil {
			return "", "", err
		}
		defer done()
		if w.template, err = chat.Open(dir); err != nil {
			return "", "", err
		}
	}
	turns := make([]chat.Message, len(messages))
	for i, m := range messages {
		turns[i] = chat.Message{Role: m.Role, Content: m.Content}
	}
	if prompt, err = w.template.Messages(turns[:len(turns)-1]...); err != nil {
		return "", "", err
	}
	whole := chat.Of(turns...)
	whole.AddGenerationPrompt = false
	text, err := w.template.Render(whole)
	if err != nil {
		return "", "", err
	}
	completion, ok := strings.CutPrefix(text, prompt)
	if !ok {
		return "", "", errors.New("the chat template writes the beginning of a conversation otherwise once it is answered: give prompt and completion as texts")
	}
	return prompt, strings.TrimSuffix(completion, "\n"), nil
}
