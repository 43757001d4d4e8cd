package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/tokenizer/chat"
)

// drawFlags say how tokens are drawn.
type drawFlags struct {
	Temperature float64 `name:"temperature" default:"1" help:"Sampling temperature; 0: the likeliest token."`
	TopK        int     `name:"top_k" aliases:"top-k" default:"0" help:"Sample from the k likeliest tokens; 0: off."`
	TopP        float64 `name:"top_p" aliases:"top-p" default:"1" help:"Sample from the likeliest tokens with this share; 1: off."`
	MinP        float64 `name:"min_p" aliases:"min-p" default:"0" help:"Leave out tokens less likely than this times the likeliest; 0: off."`
	MaxTokens   int     `name:"max_completion_length" aliases:"max-completion-length,max_tokens,max-tokens" default:"256" help:"Tokens of a completion at most; fewer where the model has no positions for them."`
	Seed        uint64  `name:"seed" default:"1" help:"Seed of the draws."`
}

// params are those of a completion of a prompt.
func (f *drawFlags) params(policy *native.Engine, tok *tokenizer.Tokenizer, prompt []negativa.Token) engine.SampleParams {
	return engine.SampleParams{
		MaxTokens: min(f.MaxTokens, policy.Config().MaxPositions-len(prompt)), Temperature: f.Temperature, TopK: f.TopK, TopP: f.TopP, MinP: f.MinP, Stop: stopTokens(policy, tok),
	}
}

type sampleCommand struct {
	Model  string `arg:"" name:"model" help:"Model folder, an adapter's folder, or base."`
	Prompt string `arg:"" name:"prompt" help:"Text to go on with."`
	Chat   bool   `name:"chat" help:"Put the prompt as a user's message, in the model's chat template."`
	N      int    `name:"n" default:"1" help:"Samples."`
	JSON   bool   `name:"json" help:"Print a JSON line a sample, with tokens and their log-probabilities."`
	drawFlags
	modelFlags
}

// Help is what `negativa sample --help` says beside the flags.
func (c *sampleCommand) Help() string {
	return `Log-probabilities are those of the tokens that were drawn, at the temperature, before
top-k, top-p and min-p.

Examples:  negativa sample base "3,5,7=36:" --n 4
           negativa sample ./Qwen2.5-0.5B-Instruct "What is 12 · 12?" --chat --dtype bf16`
}

// sampled is a sample as JSON.
type sampled struct {
	Sample   int                 `json:"sample"`
	Text     string              `json:"text"`
	Stop     negativa.StopReason `json:"stop"`
	Logprob  float64             `json:"logprob"` // of all tokens
	Tokens   []negativa.Token    `json:"tokens"`
	Logprobs []float32           `json:"logprobs"`
}

func (c *sampleCommand) Run(a *app) error {
	if c.N < 1 {
		return badInput(fmt.Errorf("n is %d; it must be at least 1", c.N))
	}
	policy, tok, err := c.open(c.Model, native.Options{Frozen: true})
	if err != nil {
		return err
	}
	prompt, err := c.prompt(tok)
	if err != nil {
		return badInput(err)
	}
	drawn, err := policy.Sample(a.ctx, []engine.Request{{Prompt: prompt, N: c.N, Seed: c.Seed}}, c.params(policy, tok, prompt))
	if err != nil {
		return badInput(err)
	}
	for _, r := range drawn[0] {
		s := sampled{r.Sample, tok.Decode(r.Tokens), r.Stop, 0, r.Tokens, r.Logprobs}
		for _, lp := range r.Logprobs {
			s.Logprob += float64(lp)
		}
		if err := s.print(a, c.JSON, c.N); err != nil {
			return err
		}
	}
	return nil
}

func (c *sampleCommand) prompt(tok *tokenizer.Tokenizer) ([]negativa.Token, error) {
	if tok == nil {
		return nil, fmt.Errorf("%s has no tokenizer.json to read a prompt with", c.Model)
	}
	text := c.Prompt
	if c.Chat {
		template, err := chat.Open(c.Model)
		if err != nil {
			return nil, err
		}
		if text, err = template.Messages(chat.Message{Role: "user", Content: c.Prompt}); err != nil {
			return nil, err
		}
	}
	tokens, err := tok.EncodePrompt(text)
	if err == nil && len(tokens) == 0 {
		err = errors.New("the prompt is empty: it needs at least one token")
	}
	return tokens, err
}

func (s sampled) print(a *app, asJSON bool, n int) error {
	if asJSON {
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s\n", raw)
		return err
	}
	if n > 1 {
		if _, err := fmt.Fprintf(a.stdout, "── %d: ln p %.2f, %d tokens, %s\n", s.Sample, s.Logprob, len(s.Tokens), s.Stop); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(a.stdout, strings.TrimRight(s.Text, "\n"))
	return err
}
