// Package chat writes conversations as the text that a model was trained on: by the Jinja
// template in its folder.
package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ardanlabs/jinja"
)

// Template is a model's chat template. It is immutable and safe for concurrent use.
type Template struct {
	name     string // for errors: its file
	compiled *jinja.Template
	tokens   map[string]string // variables: bos_token, eos_token, …
}

// Conversation is what a template is given. Messages and Tools are JSON, so that keys keep
// their order and numbers their form.
type Conversation struct {
	Messages            json.RawMessage            `json:"messages"`              // a list of objects
	Tools               json.RawMessage            `json:"tools"`                 // a list, or nothing
	AddGenerationPrompt bool                       `json:"add_generation_prompt"` // begin the assistant's turn
	Extra               map[string]json.RawMessage `json:"extra"`                 // further variables, such as enable_thinking
}

// Message is a turn of a conversation that has texts alone.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Of makes a conversation of messages that the assistant is to answer.
func Of(messages ...Message) Conversation {
	raw, err := json.Marshal(messages)
	if err != nil {
		panic(err) // texts
	}
	return Conversation{Messages: raw, AddGenerationPrompt: true}
}

// The files of a folder that a template can be in, the first before the second.
const (
	templateFile = "chat_template.jinja"
	configFile   = "tokenizer_config.json"
	specialFile  = "special_tokens_map.json"
)

// ErrNone is wrapped where a folder has no chat template.
var ErrNone = errors.New("no chat template")

// Open reads the template of a model folder: chat_template.jinja, or chat_template in
// tokenizer_config.json, a text or a list of named ones, of which it is the default. No
// weights are needed.
func Open(dir string) (*Template, error) {
	config, err := readObject(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	special, err := readObject(filepath.Join(dir, specialFile))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, templateFile)
	raw, err := os.ReadFile(path)
	source := string(raw)
	if errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, configFile)
		source, err = defaultTemplate(config["chat_template"])
	}
	if err == nil && source == "" {
		return nil, fmt.Errorf("%s: %w: there is neither %s nor chat_template in %s", dir, ErrNone, templateFile, configFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read chat template %s: %w", path, err)
	}
	maps.Copy(special, config)
	t, err := New(source, tokensOf(special))
	if err != nil {
		return nil, fmt.Errorf("read chat template %s: %w", path, err)
	}
	t.name = path
	return t, nil
}

// New compiles a template. Tokens are variables such as eos_token.
func New(source string, tokens map[string]string) (t *Template, err error) {
	defer recovered(&err)
	compiled, err := jinja.Compile(adapt(source))
	if err != nil {
		return nil, err
	}
	return &Template{"a template", compiled, tokens}, nil
}

// readObject reads a file of one JSON object; one that is not there is empty.
func readObject(path string) (map[string]json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return object, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &object)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return object, nil
}

// defaultTemplate is chat_template: a text, or a list of named ones.
func defaultTemplate(raw json.RawMessage) (string, error) {
	if raw == nil || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(raw, &named); err != nil {
		return "", errors.New("chat_template is neither a text nor a list of named ones")
	}
	var names []string
	for _, n := range named {
		if n.Name == "default" {
			return n.Template, nil
		}
		names = append(names, n.Name)
	}
	return "", fmt.Errorf("of the chat templates %s none is named default", strings.Join(names, ", "))
}

// tokensOf are the special tokens that a configuration names, as texts or as objects.
func tokensOf(config map[string]json.RawMessage) map[string]string {
	tokens := map[string]string{}
	for _, key := range []string{"bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"} {
		var text string
		var token struct{ Content string }
		switch {
		case json.Unmarshal(config[key], &text) == nil && text != "":
			tokens[key] = text
		case json.Unmarshal(config[key], &token) == nil && token.Content != "":
			tokens[key] = token.Content
		}
	}
	return tokens
}

// Render writes a conversation. What the template raises is the error, and so is work without
// end: loops of more than a million turns, macros 200 deep. How long its texts grow is not
// bounded.
func (t *Template) Render(c Conversation) (text string, err error) {
	defer recovered(&err)
	values := map[string]jinja.Value{
		"add_generation_prompt": jinja.NewBool(c.AddGenerationPrompt),
		"json_text":             jinja.NewCallable("json_text", jsonText),
		"raise_exception":       jinja.NewCallable("raise_exception", raise),
		"strftime_now":          jinja.NewCallable("strftime_now", date(c.Extra["date_string"])),
	}
	maps.Copy(values, new(counter).functions())
	for key, token := range t.tokens {
		values[key] = jinja.NewString(token)
	}
	given := map[string]json.RawMessage{"messages": c.Messages}
	if len(c.Tools) > 0 {
		given["tools"] = c.Tools
	}
	maps.Copy(given, c.Extra)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if values[key], err = valueOf(given[key]); err != nil {
			return "", fmt.Errorf("render a conversation: %s: %w", key, err)
		}
	}
	if !values["messages"].IsList() {
		return "", errors.New("render a conversation: messages must be a list of objects with role and content")
	}
	text, err = t.compiled.RenderValues(values)
	if err != nil {
		return "", fmt.Errorf("render a conversation with %s: %w", t.name, err)
	}
	return text, nil
}

// Messages renders messages that the assistant is to answer.
func (t *Template) Messages(messages ...Message) (string, error) { return t.Render(Of(messages...)) }

// recovered makes a panic of the library an error: a template is data.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the template cannot be carried out: %v", r)
	}
}

func raise(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) == 1 && args[0].IsString() {
		return jinja.None(), fmt.Errorf("the template refuses: %s", args[0].AsString())
	}
	return jinja.None(), errors.New("the template refuses the conversation")
}
