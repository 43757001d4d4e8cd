package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/openai"
	"github.com/negativa-lab/negativa/internal/rundir"
)

// fromServer draws samples from a server that speaks OpenAI's API, into c.Out.
func (c *evalCommand) fromServer(a *app, s settings) (eval.Evaluation, error) {
	s.n = cmp.Or(s.n, 256)
	if err := c.checkServer(s); err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	q, err := c.questions(a, s)
	if err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	client, err := c.client(a)
	if err != nil {
		return eval.Evaluation{}, err
	}
	sampling := c.sampling(s, q)
	conditions := eval.Conditions{
		Split: q.split, Data: q.data, Sampling: &sampling, Verifier: q.version,
		Endpoint: &eval.Endpoint{BaseURL: client.BaseURL, Model: client.Model, API: c.API, Vendor: c.VendorSampling, Stop: c.Stop},
	}
	if q.family != nil {
		conditions.Task = q.family.Name()
	}
	c.Out = cmp.Or(c.Out, filepath.Join("runs", "eval-"+regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(client.Model, "-")))
	if err := sameConditions(c.Out, conditions); err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	if err := c.draw(a, client, q, s.n, sampling); err != nil {
		return eval.Evaluation{}, err
	}
	e, err := eval.Reading{N: s.n, K: c.K, Bootstrap: eval.DefaultBootstrap(c.Seed), Answers: q.answers()}.File(filepath.Join(c.Out, samplesFile))
	conditions.Source, conditions.SHA256, conditions.Interval = e.Conditions.Source, e.Conditions.SHA256, e.Conditions.Interval
	e.Conditions = conditions
	return e, err
}

func (c *evalCommand) checkServer(s settings) error {
	for _, v := range []struct {
		name  string
		value int
	}{
		{"n", s.n}, {"concurrency", c.Concurrency}, {"samples_per_request", c.SamplesPerRequest}, {"attempts", c.Attempts},
	} {
		if v.value < 1 {
			return fmt.Errorf("%s is %d; it must be at least 1", v.name, v.value)
		}
	}
	for _, k := range c.K {
		if k < 1 || k > s.n {
			return fmt.Errorf("k is %d; it must be between 1 and the number of samples, n = %d", k, s.n)
		}
	}
	switch {
	case s.temperature < 0:
		return fmt.Errorf("temperature is %g; it must not be negative", s.temperature)
	case s.topP <= 0 || s.topP > 1:
		return fmt.Errorf("top_p is %g; it must be above 0 and at most 1", s.topP)
	case c.VendorSampling == string(openai.OpenAI) && (c.TopK != 0 || c.MinP != 0):
		return errors.New("top_k and min_p are not among the sampling values of --vendor_sampling openai: leave them out, or say --vendor_sampling vllm")
	}
	return nil
}

// client knows where the server is and which of its models to ask.
func (c *evalCommand) client(a *app) (*openai.Client, error) {
	client := &openai.Client{
		BaseURL: cmp.Or(c.BaseURL, os.Getenv("OPENAI_BASE_URL"), "https://api.openai.com/v1"), Key: os.Getenv("OPENAI_API_KEY"),
		Model: c.ServedModel, Chat: c.API == "chat", Vendor: openai.Vendor(c.VendorSampling),
		Timeout: c.RequestTimeout, Attempts: c.Attempts, Seed: c.Seed,
		Notice: func(note string) { a.log.Warn("ask which models there are", "note", note) },
	}
	if at, err := url.Parse(client.BaseURL); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return nil, badInput(fmt.Errorf("base_url is %q: it must be an address such as http://localhost:8000/v1", client.BaseURL))
	}
	if client.Model != "" {
		return client, nil
	}
	var err error
	if client.Model, err = client.OnlyModel(a.ctx); err != nil {
		return nil, fmt.Errorf("%w (--served_model names one)", err)
	}
	return client, nil
}

// sameConditions notes in a folder under which conditions its samples are drawn, and
// refuses to go on under others once there are any.
func sameConditions(folder string, conditions eval.Conditions) error {
	path := filepath.Join(folder, conditionsFile)
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := checkFresh(folder); err != nil {
			return err
		}
		return rundir.WriteJSON(path, conditions)
	case err != nil:
		return err
	case empty(filepath.Join(folder, samplesFile)):
		return rundir.WriteJSON(path, conditions)
	}
	var before eval.Conditions
	if err := json.Unmarshal(raw, &before); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if differing := differingKeys(before, conditions); len(differing) > 0 {
		return fmt.Errorf("the samples in %s were drawn under other conditions (%s): choose another folder with --out, or ask as before (%s says how)",
			folder, strings.Join(differing, ", "), path)
	}
	return nil
}

// empty tells whether a file has nothing in it, or is not there.
func empty(path string) bool {
	info, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// differingKeys names what is not the same in JSON. Where a server stands does not matter,
// nor where a file lies whose hash is known.
func differingKeys(before, now eval.Conditions) []string {
	var sides [2]map[string]any
	for i, c := range []eval.Conditions{before, now} {
		if c.Endpoint != nil {
			c.Endpoint = new(*c.Endpoint)
			c.Endpoint.BaseURL = ""
		}
		if c.Data != nil {
			c.Data = &eval.Data{SHA256: c.Data.SHA256}
		}
		raw, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(raw, &sides[i])
		}
		if err != nil {
			return []string{err.Error()}
		}
	}
	keys := maps.Clone(sides[0])
	maps.Copy(keys, sides[1])
	var differing []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if fmt.Sprint(sides[0][key]) != fmt.Sprint(sides[1][key]) {
			differing = append(differing, fmt.Sprintf("%s %v, now %v", key, sides[0][key], sides[1][key]))
		}
	}
	return differing
}

// draw asks for the samples that the folder lacks.
func (c *evalCommand) draw(a *app, client *openai.Client, q questions, n int, sampling eval.Sampling) (err error) {
	path := filepath.Join(c.Out, samplesFile)
	store, err := eval.OpenStore(path)
	if err != nil {
		return badInput(err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	missing := 0
	for _, p := range q.problems {
		missing += len(store.Missing(p.ID, n))
	}
	a.log.Info("samples are kept as they come", "file", path, "there", store.Len(), "missing", missing)
	p := a.start("sample", missing)
	defer p.stop()
	client.Notice = p.say
	collection := eval.Collection{
		N: n, PerRequest: c.SamplesPerRequest, Concurrency: c.Concurrency, Seed: c.Seed,
		Ask: askServer(client, q, sampling, c.Stop), Grade: q.verifier.Verify,
		Each: func(samples int) { p.add(samples, "") },
	}
	if sampling.Temperature == 0 {
		collection.PerRequest = 1 // vLLM refuses more where all would be the same
	}
	if err := collection.Into(a.ctx, store, q.problems); err != nil {
		return err
	}
	return store.Sort(q.problems)
}

// askServer asks a server as a collection does.
func askServer(client *openai.Client, q questions, sampling eval.Sampling, stop []string) eval.Ask {
	return func(ctx context.Context, p negativa.Problem, n int, seed uint64) ([]eval.Completion, error) {
		choices, err := client.Complete(ctx, openai.Request{
			Prompt: p.Prompt, Messages: q.messages[p.ID], N: n, Temperature: sampling.Temperature, TopP: sampling.TopP, TopK: sampling.TopK,
			MinP: sampling.MinP, MaxTokens: sampling.MaxTokens, Seed: seed, Stop: stop,
		})
		if e, ok := errors.AsType[*openai.Error](err); ok && e.Hopeless {
			return nil, eval.NewHopeless(err)
		}
		completions := make([]eval.Completion, len(choices))
		for i, choice := range choices {
			completions[i] = eval.Completion{Text: choice.Text, FinishReason: choice.FinishReason, Stop: stopReason(choice.FinishReason), Tokens: choice.Tokens}
		}
		return completions, err
	}
}

// stopReason is what servers mean: OpenAI's words and those of text-generation-inference.
// Others, such as content_filter, are neither.
func stopReason(finish string) negativa.StopReason {
	switch finish {
	case "stop", "eos_token", "stop_sequence":
		return negativa.StopToken
	case "length":
		return negativa.StopLength
	}
	return ""
}
