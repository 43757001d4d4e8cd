package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/openai"
)

// template is how a problem is put to a model: as text, or as the messages of a chat.
type template struct {
	system string // empty: there is no such message
	user   string // with {problem}
	frame  string // of the text, with {system} and {user}; empty: the user's text alone
	chat   bool   // the model's own chat template makes the text
}

const boxed = "{problem}\nPlease reason step by step, and put your final answer within \\boxed{}."

var templates = map[string]template{
	"plain": {user: "{problem}"},
	"boxed": {user: boxed},
	// As the model was taught to chat.
	"chat":       {user: "{problem}", chat: true},
	"boxed-chat": {user: boxed, chat: true},
	// The prompt of eval.py of the code of 2506.01347, which is Qwen2.5's chat template.
	"qwen-boxed": {
		system: "You are a helpful assistant.", user: boxed,
		frame: "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n",
	},
}

// newTemplate finds a template by its name, or makes one of a text with {problem}.
func newTemplate(name string) (template, error) {
	if t, ok := templates[name]; ok {
		return t, nil
	}
	if strings.Contains(name, "{problem}") {
		return template{user: name}, nil
	}
	return template{}, fmt.Errorf("prompt_template is %q: it must be one of %s, or a text that holds {problem}",
		name, strings.Join(slices.Sorted(maps.Keys(templates)), ", "))
}

// text is what a model that continues text reads.
func (t template) text(problem string) string {
	frame := t.frame
	if frame == "" {
		frame = "{user}"
	}
	frame = strings.Replace(frame, "{system}", t.system, 1)
	frame = strings.Replace(frame, "{user}", t.user, 1)
	return strings.ReplaceAll(frame, "{problem}", problem)
}

// messages are what a chat begins with.
func (t template) messages(problem string) []openai.Message {
	user := openai.Message{Role: "user", Content: strings.ReplaceAll(t.user, "{problem}", problem)}
	if t.system == "" {
		return []openai.Message{user}
	}
	return []openai.Message{{Role: "system", Content: t.system}, user}
}
