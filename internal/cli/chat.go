package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/tokenizer/chat"
)

type chatCommand struct {
	Model  string            `arg:"" name:"model" help:"Model folder with a chat template, or an adapter's."`
	Render string            `name:"render" placeholder:"FILE" help:"Print what the template makes of the conversations in a JSONL file (- for standard input), instead of talking. No weights are needed."`
	System string            `name:"system" help:"Message of the system to begin with."`
	Extra  map[string]string `name:"template_variable" placeholder:"NAME=JSON" help:"Variable for the template, such as enable_thinking=false; may be given again."`
	drawFlags
	modelFlags
}

// Help is what `negativa chat --help` says beside the flags.
func (c *chatCommand) Help() string {
	return `Type a message and press return; an empty line or the end of the input ends the talk.

--render takes lines {"messages", "add_generation_prompt", "tools", "extra": {variables}}
and prints {"rendered"} for each. strftime_now is extra.date_string, or 26 Jul 2024.

Examples:  negativa chat ./Qwen2.5-0.5B-Instruct --dtype bf16 --temperature 0.7
           negativa chat ./Qwen3-0.6B --template_variable enable_thinking=false
           negativa chat ./Qwen3-0.6B --render conversations.jsonl`
}

func (c *chatCommand) Run(a *app) error {
	template, err := chat.Open(c.Model)
	if err != nil {
		return badInput(err)
	}
	if c.Render != "" {
		return eachLine(a, c.Render, func(line []byte) (any, error) { return c.render(template, line) })
	}
	policy, tok, err := c.open(c.Model, native.Options{Frozen: true})
	if err != nil {
		return err
	}
	if tok == nil {
		return badInput(fmt.Errorf("%s has no tokenizer.json to read messages with", c.Model))
	}
	t := &talk{chatCommand: c, template: template, policy: policy, tok: tok, out: a.stdout}
	if c.System != "" {
		t.turns = append(t.turns, chat.Message{Role: "system", Content: c.System})
	}
	return t.run(a)
}

// rendered is a line of --render's output.
type rendered struct {
	Rendered string `json:"rendered"`
}

// render writes a line's conversation; its own variables come before the flag's.
func (c *chatCommand) render(t *chat.Template, line []byte) (any, error) {
	conversation := chat.Conversation{Extra: c.variables()}
	if err := json.Unmarshal(line, &conversation); err != nil {
		return nil, fmt.Errorf("it is no JSON object of a conversation: %w", err)
	}
	text, err := t.Render(conversation)
	return rendered{text}, err
}

// variables are those that the flags give the template.
func (c *chatCommand) variables() map[string]json.RawMessage {
	given := map[string]json.RawMessage{}
	for name, value := range c.Extra {
		given[name] = json.RawMessage(value)
	}
	return given
}

// talk is a conversation under way.
type talk struct {
	*chatCommand
	template *chat.Template
	policy   *native.Engine
	tok      *tokenizer.Tokenizer
	out      io.Writer
	turns    []chat.Message
}

func (t *talk) run(a *app) error {
	lines := bufio.NewReader(a.stdin)
	for {
		if a.live {
			fmt.Fprint(a.stderr, "> ")
		}
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = strings.TrimSpace(line); line == "" || a.ctx.Err() != nil {
			return a.ctx.Err()
		}
		t.turns = append(t.turns, chat.Message{Role: "user", Content: line})
		if err := t.answer(a); err != nil {
			return err
		}
	}
}

// answer draws the assistant's turn and prints it as it comes.
func (t *talk) answer(a *app) error {
	conversation := chat.Of(t.turns...)
	conversation.Extra = t.variables()
	text, err := t.template.Render(conversation)
	if err != nil {
		return badInput(err)
	}
	prompt, err := t.tok.EncodePrompt(text)
	if err != nil {
		return badInput(err)
	}
	params := t.params(t.policy, t.tok, prompt)
	if params.MaxTokens < 1 {
		return badInput(fmt.Errorf("the conversation has %d tokens: the model has no positions left", len(prompt)))
	}
	stream, said := t.tok.Stream(true), new(strings.Builder)
	_, err = t.policy.Generate(a.ctx, prompt, params, t.Seed+uint64(len(t.turns)), func(token negativa.Token) {
		piece := stream.Push(token)
		said.WriteString(piece)
		fmt.Fprint(t.out, piece)
	})
	if err != nil {
		return err
	}
	rest := stream.Flush()
	t.turns = append(t.turns, chat.Message{Role: "assistant", Content: said.String() + rest})
	_, err = fmt.Fprintln(t.out, rest)
	return err
}
