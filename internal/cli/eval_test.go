package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/negativa-lab/negativa/internal/openai"
	"github.com/negativa-lab/negativa/task"
)

// TestThePapersPrompt: the text is that of eval.py in the code of 2506.01347.
func TestThePapersPrompt(t *testing.T) {
	const want = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is $\\{1\\}$ {user}?\n" +
		"Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>assistant\n"
	if got := templates["qwen-boxed"].text("What is $\\{1\\}$ {user}?"); got != want {
		t.Errorf("the prompt is\n%s\nnot\n%s", got, want)
	}
	messages := templates["qwen-boxed"].messages("1+1")
	if len(messages) != 2 || messages[0] != (openai.Message{Role: "system", Content: "You are a helpful assistant."}) ||
		messages[1].Content != "1+1\nPlease reason step by step, and put your final answer within \\boxed{}." {
		t.Errorf("the chat is %q", messages)
	}
}

func TestFlagsWinOverThePreset(t *testing.T) {
	for name, c := range map[string]struct {
		command evalCommand
		want    settings
	}{
		"neither":         {evalCommand{}, settings{temperature: 1, topP: 1}},
		"flags":           {evalCommand{Temperature: new(0.0), N: new(3)}, settings{n: 3, temperature: 0, topP: 1}},
		"preset":          {evalCommand{Preset: "rlvr-decomposed"}, settings{n: 256, maxTokens: 4096, temperature: 0.6, topP: 0.95, preset: "rlvr-decomposed"}},
		"the same again":  {evalCommand{Preset: "rlvr-decomposed", N: new(256)}, settings{n: 256, maxTokens: 4096, temperature: 0.6, topP: 0.95, preset: "rlvr-decomposed"}},
		"flag and preset": {evalCommand{Preset: "rlvr-decomposed", TopP: new(1.0), TopK: 20}, settings{n: 256, maxTokens: 4096, temperature: 0.6, topP: 1, preset: "rlvr-decomposed but top_p 1 but top_k 20"}},
	} {
		got, err := c.command.settle()
		hasTemplate := got.template != nil
		got.template = nil
		if err != nil || got != c.want || hasTemplate != (c.command.Preset != "") {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestDataset(t *testing.T) {
	read := func(content string) (task.Dataset, error) {
		path := filepath.Join(t.TempDir(), "problems.jsonl")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		set, data, err := (&evalCommand{Data: path}).dataset(&app{ctx: t.Context(), log: slog.New(slog.DiscardHandler)})
		if err == nil && (data.Path != path || len(data.SHA256) != 64) {
			t.Errorf("data %+v", data)
		}
		return set, err
	}
	numbered, err := read(`{"problem":"1+1","answer":2,"level":5}` + "\n\n" + `{"problem":"1+1","answer":"2"}`)
	if err != nil || len(numbered.Items) != 2 || numbered.Items[0].ID != "0" || numbered.Items[1].ID != "1" {
		t.Errorf("%+v, %v", numbered.Items, err)
	}
	named, err := read(`{"unique_id":"b","problem":"1+1","answer":"2"}`)
	if err != nil || len(named.Items) != 1 || named.Items[0].ID != "b" {
		t.Errorf("%+v, %v", named.Items, err)
	}
	if _, err := read(`{"problem":"1+1","answer":""}`); err == nil {
		t.Error("a problem without an answer was read")
	}
}
