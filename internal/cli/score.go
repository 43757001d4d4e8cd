package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/tokenizer"
)

type scoreCommand struct {
	Model       string  `arg:"" name:"model" help:"Model folder, an adapter's folder, or base."`
	File        string  `arg:"" optional:"" default:"-" name:"file" help:"JSONL file of sequences; - or nothing: standard input."`
	Temperature float64 `name:"temperature" default:"1" help:"Logits are divided by it."`
	modelFlags
}

// Help is what `negativa score --help` says beside the flags.
func (c *scoreCommand) Help() string {
	return `A line is {"id", "ids": [tokens]} or {"id", "prompt", "completion"} (texts, or lists of
tokens). One line comes back for each, in order:
  ids                 logprobs[t] = ln p(ids[t+1] | ids[0..t]), one fewer than ids;
                      entropy[t] of the distribution after ids[0..t], as many as ids
  prompt, completion  logprobs and entropy (in nats) of each token of the completion
A prompt gets the special tokens that its tokenizer puts in front; a completion none.

Example:  negativa score ./Qwen2.5-0.5B texts.jsonl > scores.jsonl`
}

// sequenceLine is a line of input.
type sequenceLine struct {
	ID         json.RawMessage `json:"id"`
	IDs        []int64         `json:"ids"`
	Prompt     json.RawMessage `json:"prompt"`
	Completion json.RawMessage `json:"completion"`
}

// scoreLine is a line of output.
type scoreLine struct {
	ID       json.RawMessage `json:"id,omitempty"`
	Logprobs []float32       `json:"logprobs"`
	Entropy  []float64       `json:"entropy"`
}

// scored is a sequence on its way.
type scored struct {
	id       json.RawMessage
	sequence engine.Sequence
	spare    bool // the last token is there for its distribution alone
}

// scoreBatch is how many sequences are evaluated side by side.
const scoreBatch = 64

func (c *scoreCommand) Run(a *app) error {
	policy, tok, err := c.open(c.Model, native.Options{Frozen: true})
	if err != nil {
		return err
	}
	in, name, err := openLines(a, c.File)
	if err != nil {
		return badInput(err)
	}
	out := bufio.NewWriter(a.stdout)
	lines, batch := bufio.NewReaderSize(in, 1<<20), []scored(nil)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s after line %d: %w", name, number-1, err)
		}
		end := err != nil
		if len(bytes.TrimSpace(line)) > 0 {
			s, err := parseSequence(line, tok)
			if err != nil {
				return badInput(fmt.Errorf("%s:%d: %w", name, number, err))
			}
			batch = append(batch, s)
		}
		if len(batch) == scoreBatch || end {
			if err := c.score(a, policy, batch, out); err != nil {
				return badInput(fmt.Errorf("%s, up to line %d: %w", name, number, err))
			}
			batch = batch[:0]
		}
		if end {
			return errors.Join(out.Flush(), in.Close())
		}
	}
}

// openLines opens a file, or standard input for "-".
func openLines(a *app, path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(a.stdin), "standard input", nil
	}
	f, err := os.Open(path)
	return f, path, err
}

func (c *scoreCommand) score(a *app, policy *native.Engine, batch []scored, out *bufio.Writer) error {
	sequences := make([]engine.Sequence, len(batch))
	for i := range batch {
		sequences[i] = batch[i].sequence
	}
	scores, err := policy.Score(a.ctx, sequences, c.Temperature)
	if err != nil {
		return err
	}
	for i, s := range scores {
		line := scoreLine{batch[i].id, s.Logprobs, s.Entropies}
		if batch[i].spare {
			line.Logprobs = line.Logprobs[:len(line.Logprobs)-1]
		}
		raw, err := json.Marshal(line)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(raw, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func parseSequence(raw []byte, tok *tokenizer.Tokenizer) (s scored, err error) {
	var line sequenceLine
	if err := json.Unmarshal(raw, &line); err != nil {
		return s, fmt.Errorf("it is no JSON object of a sequence: %w", err)
	}
	s.id = line.ID
	switch {
	case len(line.IDs) > 0 && line.Prompt == nil && line.Completion == nil:
		ids, err := tokensOf(line.IDs)
		// A token after the last makes the model say what it expects there.
		s.sequence, s.spare = engine.Sequence{Prompt: ids[:1], Completion: append(ids[1:], 0)}, true
		return s, err
	case line.IDs == nil && line.Prompt != nil && line.Completion != nil:
		if s.sequence.Prompt, err = textOrTokens(line.Prompt, tok, true); err != nil {
			return s, fmt.Errorf("prompt: %w", err)
		}
		if s.sequence.Completion, err = textOrTokens(line.Completion, tok, false); err != nil {
			return s, fmt.Errorf("completion: %w", err)
		}
		return s, nil
	}
	return s, errors.New(`a line has either "ids", at least one, or "prompt" and "completion"`)
}

func tokensOf(ids []int64) ([]negativa.Token, error) {
	tokens := make([]negativa.Token, len(ids), len(ids)+1)
	for i, id := range ids {
		tokens[i] = negativa.Token(id)
		if int64(tokens[i]) != id {
			return tokens, fmt.Errorf("token %d at position %d is outside any vocabulary", id, i)
		}
	}
	return tokens, nil
}

// textOrTokens reads a JSON string, which is encoded, or a list of tokens.
func textOrTokens(raw json.RawMessage, tok *tokenizer.Tokenizer, prompt bool) ([]negativa.Token, error) {
	var ids []int64
	if json.Unmarshal(raw, &ids) == nil {
		return tokensOf(ids)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, errors.New("it must be a text or a list of tokens")
	}
	if tok == nil {
		return nil, errors.New("the model's folder has no tokenizer.json to read texts with: give tokens")
	}
	if prompt {
		return tok.EncodePrompt(text)
	}
	return tok.Encode(text)
}
