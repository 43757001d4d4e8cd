// Package openai asks servers that speak OpenAI's HTTP API (OpenAI, vLLM, SGLang,
// llama.cpp, …) for completions. Every sampling value is sent with every request:
// a server's own defaults, which vLLM takes from the model's folder, never decide.
//
// What may pass (429, 5xx, a dropped connection, a page that is not JSON) is asked again
// after a pause; what will not (another 4xx) is an error that says what to do.
package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Client asks one model of one server. Its fields are set before the first request; then
// it is safe for concurrent use.
type Client struct {
	BaseURL  string        // up to the version: http://localhost:8000/v1
	Key      string        // sent as the bearer token; empty: none is
	Model    string        // the name it is served under
	Chat     bool          // ask chat/completions, not completions
	Vendor   Vendor        // which sampling values the server knows
	Timeout  time.Duration // of one request, the answer included; 0: none
	Attempts int           // requests made before a failure is one, ≥ 1
	Seed     uint64        // of the pauses' jitter
	Notice   func(string)  // told when and why requests wait; nil: nobody is

	gate gate
	// pause waits; nil: by the clock.
	pause func(context.Context, time.Duration) error
}

// Vendor is a dialect of the sampling values.
type Vendor string

// OpenAI refuses values that it does not know; vLLM, SGLang and llama.cpp take more, and
// have defaults for them that are not off.
const (
	OpenAI Vendor = "openai" // temperature, top_p, max_tokens, n, seed, stop
	VLLM   Vendor = "vllm"   // also top_k, min_p, repetition_penalty
)

// Message is one of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Request asks for completions of one prompt.
type Request struct {
	Prompt      string    // for completions
	Messages    []Message // for chat
	N           int
	Temperature float64
	TopP        float64 // 1: off
	TopK        int     // 0: off; VLLM alone
	MinP        float64 // 0: off; VLLM alone
	MaxTokens   int
	Seed        uint64
	Stop        []string
}

// Choice is one completion.
type Choice struct {
	Text         string
	FinishReason string // in the server's words
	Tokens       int    // 0: not known, as the server counts those of all choices together
}

// Complete asks for completions until some come, Attempts times at most. There may be
// fewer than asked for; those that the server broke off are not among them.
func (c *Client) Complete(ctx context.Context, r Request) ([]Choice, error) {
	body, err := json.Marshal(c.body(r))
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	var choices []Choice
	err = c.retry(ctx, r.Seed, func() error {
		answer, err := c.send(ctx, http.MethodPost, c.path(), body)
		if err == nil {
			choices, err = read(answer)
		}
		return err
	})
	return choices, err
}

func (c *Client) path() string {
	if c.Chat {
		return "chat/completions"
	}
	return "completions"
}

// body is what is sent. -1 is how vLLM's family switches top_k off.
func (c *Client) body(r Request) map[string]any {
	body := map[string]any{
		"model": c.Model, "n": r.N, "temperature": r.Temperature, "top_p": r.TopP, "max_tokens": r.MaxTokens, "seed": r.Seed,
	}
	if c.Chat {
		body["messages"] = r.Messages
	} else {
		body["prompt"] = r.Prompt
	}
	if len(r.Stop) > 0 {
		body["stop"] = r.Stop
	}
	if c.Vendor == VLLM {
		body["top_k"], body["min_p"], body["repetition_penalty"] = -1, r.MinP, 1.0
		if r.TopK > 0 {
			body["top_k"] = r.TopK
		}
	}
	return body
}

// read takes the choices from an answer of either API.
func read(answer []byte) ([]Choice, error) {
	var a struct {
		Choices []struct {
			Text    *string `json:"text"`
			Message *struct {
				Content *string `json:"content"`
			} `json:"message"`
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
		Usage struct {
			CompletionTokens int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, &Error{Again: true, Message: fmt.Sprintf("the answer is not JSON (%v): %s", err, excerpt(answer))}
	}
	var choices []Choice
	for _, c := range a.Choices {
		choice := Choice{FinishReason: c.FinishReason}
		switch {
		case c.FinishReason == "" || c.FinishReason == "abort" || c.FinishReason == "error":
			continue // broken off by the server, not ended by the model
		case c.Text != nil:
			choice.Text = *c.Text
		case c.Message == nil:
			continue
		case c.Message.Content != nil: // null where a model had only begun to think, or refused
			choice.Text = *c.Message.Content
		}
		choices = append(choices, choice)
	}
	if len(choices) == 0 {
		return nil, &Error{Again: true, Message: "the answer has no finished completion: " + excerpt(answer)}
	}
	if len(a.Choices) == 1 {
		choices[0].Tokens = a.Usage.CompletionTokens
	}
	return choices, nil
}

// OnlyModel is the name of the model that the server has, if it has but one. It does not
// wait for a server that is not there.
func (c *Client) OnlyModel(ctx context.Context) (string, error) {
	var names []string
	err := c.retry(ctx, 0, func() error {
		answer, err := c.send(ctx, http.MethodGet, "models", nil)
		if unreachable(err) {
			return &Error{Hopeless: true, Message: err.Error() + ": is the server running, and is this its address?"}
		}
		if err != nil {
			return err
		}
		var list struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		if err := json.Unmarshal(answer, &list); err != nil {
			return &Error{Again: true, Message: fmt.Sprintf("the list of models is not JSON (%v): %s", err, excerpt(answer))}
		}
		names = nil
		for _, m := range list.Data {
			names = append(names, m.ID)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("ask which models there are: %w", err)
	case len(names) == 0:
		return "", errors.New("the server lists no models: name the one to ask")
	case len(names) > 1:
		return "", fmt.Errorf("the server has %d models, name the one to ask: %s", len(names), strings.Join(names[:min(len(names), 20)], ", "))
	}
	return names[0], nil
}
