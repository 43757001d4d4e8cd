package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server answers the i-th request with the i-th script, and those after the last with
// the last.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	scripts []http.HandlerFunc
	paths   []string
	keys    []string
	bodies  []map[string]any
	pauses  []time.Duration
}

func serve(t *testing.T, scripts ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{scripts: scripts}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body := map[string]any{}
		_ = json.Unmarshal(raw, &body)
		s.mu.Lock()
		i := min(len(s.bodies), len(s.scripts)-1)
		s.paths, s.keys, s.bodies = append(s.paths, r.URL.Path), append(s.keys, r.Header.Get("Authorization")), append(s.bodies, body)
		s.mu.Unlock()
		s.scripts[i](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// asked is how many requests came.
func (s *server) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// client is one whose pauses take no time and are written down.
func (s *server) client() *Client {
	return &Client{
		BaseURL: s.URL + "/v1", Model: "m", Vendor: VLLM, Attempts: 4, Timeout: 5 * time.Second,
		pause: func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.pauses = append(s.pauses, d)
			return ctx.Err()
		},
	}
}

func say(status int, text string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

func drop(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	connection.Close()
}

// dropInside promises more than it sends.
func dropInside(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"choices":[{"te`)
	w.(http.Flusher).Flush()
	drop(w, r)
}

const good = `{"choices":[{"index":0,"text":"a","finish_reason":"stop"},{"index":1,"text":"b","finish_reason":"length"}],"usage":{"completion_tokens":9}}`

var ask = Request{Prompt: "1+1=", N: 2, Temperature: 0.6, TopP: 0.95, MaxTokens: 4096, Seed: 7}

func TestEverySamplingValueIsSent(t *testing.T) {
	common := map[string]any{"model": "m", "n": 2.0, "temperature": 0.6, "top_p": 0.95, "max_tokens": 4096.0, "seed": 7.0}
	messages := []Message{{"system", "be brief"}, {"user", "1+1"}}
	for name, c := range map[string]struct {
		vendor Vendor
		chat   bool
		change func(*Request)
		more   map[string]any
	}{
		"vllm":         {vendor: VLLM, more: map[string]any{"prompt": "1+1=", "top_k": -1.0, "min_p": 0.0, "repetition_penalty": 1.0}},
		"vllm, top-k":  {vendor: VLLM, change: func(r *Request) { r.TopK, r.MinP = 20, 0.1 }, more: map[string]any{"prompt": "1+1=", "top_k": 20.0, "min_p": 0.1, "repetition_penalty": 1.0}},
		"openai, stop": {vendor: OpenAI, change: func(r *Request) { r.Stop = []string{"\n"} }, more: map[string]any{"prompt": "1+1=", "stop": []any{"\n"}}},
		"openai, chat": {vendor: OpenAI, chat: true, change: func(r *Request) { r.Messages = messages }, more: map[string]any{"messages": []any{
			map[string]any{"role": "system", "content": "be brief"}, map[string]any{"role": "user", "content": "1+1"},
		}}},
		"zeros": {vendor: OpenAI, change: func(r *Request) { r.Temperature, r.Seed = 0, 0 }, more: map[string]any{"prompt": "1+1=", "temperature": 0.0, "seed": 0.0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, say(200, good))
			client, request := s.client(), ask
			client.Vendor, client.Chat, client.Key = c.vendor, c.chat, "secret"
			if c.change != nil {
				c.change(&request)
			}
			if _, err := client.Complete(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			want := maps.Clone(common)
			maps.Copy(want, c.more)
			if got := s.bodies[0]; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("sent %v, not %v", got, want)
			}
			if s.keys[0] != "Bearer secret" || s.paths[0] != "/v1/"+client.path() {
				t.Errorf("key %q, path %q", s.keys[0], s.paths[0])
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   []Choice
	}{
		"two, tokens known only together": {good, []Choice{{"a", "stop", 0}, {"b", "length", 0}}},
		"one, its tokens known":           {`{"choices":[{"text":"","finish_reason":"stop"}],"usage":{"completion_tokens":1}}`, []Choice{{"", "stop", 1}}},
		"chat":                            {`{"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}`, []Choice{{"a", "stop", 0}}},
		"chat, nothing but thoughts":      {`{"choices":[{"message":{"content":null,"reasoning_content":"hm"},"finish_reason":"length"}]}`, []Choice{{"", "length", 0}}},
		"one of two broken off":           {`{"choices":[{"text":"a","finish_reason":"abort"},{"text":"b","finish_reason":"stop"}],"usage":{"completion_tokens":9}}`, []Choice{{"b", "stop", 0}}},
		"one of two never ended":          {`{"choices":[{"text":"a","finish_reason":null},{"text":"b","finish_reason":"stop"}]}`, []Choice{{"b", "stop", 0}}},
	} {
		got, err := read([]byte(c.answer))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}

// TestWhatPassesIsAskedAgain: each of these is followed by a good answer.
func TestWhatPassesIsAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		first http.HandlerFunc
		pause time.Duration // at least; 0: the first back-off's
	}{
		"a rate limit with a time":    {say(429, `{"error":{"message":"slow down"}}`, "Retry-After", "7"), 6 * time.Second},
		"a rate limit without":        {say(429, ``), 0},
		"overloaded, with a date":     {say(503, "busy", "Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)), 50 * time.Second},
		"an error page":               {say(502, "<html><h1>Bad Gateway</h1></html>", "Content-Type", "text/html"), 0},
		"a page with status 200":      {say(200, "<html>please log in</html>"), 0},
		"half of an answer":           {say(200, good[:40]), 0},
		"no choices":                  {say(200, `{"choices":[]}`), 0},
		"all choices broken off":      {say(200, `{"choices":[{"text":"a","finish_reason":"abort"}]}`), 0},
		"a dropped connection":        {drop, 0},
		"one dropped in the middle":   {dropInside, 0},
		"an internal error in a JSON": {say(500, `{"object":"error","message":"EngineDeadError"}`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.first, say(200, good))
			client := s.client()
			var notices []string
			client.Notice = func(n string) { notices = append(notices, n) }
			choices, err := client.Complete(t.Context(), ask)
			if err != nil || len(choices) != 2 {
				t.Fatalf("%v, %v", choices, err)
			}
			if len(s.bodies) != 2 || fmt.Sprint(s.bodies[0]) != fmt.Sprint(s.bodies[1]) {
				t.Errorf("asked %v", s.bodies)
			}
			least := max(c.pause, firstPause/2-time.Millisecond*50)
			if len(s.pauses) != 1 || s.pauses[0] < least || s.pauses[0] > least+10*time.Second {
				t.Errorf("paused %v, want once at least %v", s.pauses, least)
			}
			if len(notices) != 1 || !strings.Contains(notices[0], "waits ") {
				t.Errorf("said %q", notices)
			}
		})
	}
}

func TestWhatDoesNotPassIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		script   http.HandlerFunc
		want     string
		requests int
		hopeless bool
	}{
		"no key":             {say(401, `{"error":{"message":"no key"}}`), "OPENAI_API_KEY", 1, true},
		"no such page":       {say(404, `<html>nginx</html>`), "does the base URL end in the version", 1, true},
		"no such model":      {say(404, `{"object":"error","message":"The model m does not exist."}`), "The model m does not exist.", 1, true},
		"an unknown value":   {say(400, `{"error":{"message":"Unrecognized request argument supplied: top_k"}}`), "--vendor_sampling openai", 1, true},
		"no more money":      {say(429, `{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}`), "used up", 1, true},
		"come back tomorrow": {say(429, ``, "Retry-After", "86400"), "asks to wait 24h0m0s", 1, true},
		"a prompt too long":  {say(400, `{"error":{"message":"maximum context length is 4096"}}`), "maximum context length is 4096", 1, false},
		"a FastAPI error":    {say(422, `{"detail":[{"msg":"n must be 1"}]}`), "n must be 1", 1, false},
		"always down":        {say(503, "down"), "asked 4 times: the server says 503 Service Unavailable: down", 4, false},
		"always limited":     {say(429, "limit"), "asked 40 times", 40, false},
		"never JSON":         {say(200, "hello"), "the answer is not JSON", 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.script)
			_, err := s.client().Complete(t.Context(), ask)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Hopeless != c.hopeless || len(s.bodies) != c.requests {
				t.Errorf("hopeless %v after %d requests, want %v after %d", e.Hopeless, len(s.bodies), c.hopeless, c.requests)
			}
		})
	}
}

func TestPausesGrow(t *testing.T) {
	s := serve(t, say(500, ""))
	client := s.client()
	client.Attempts = 9
	_, _ = client.Complete(t.Context(), ask)
	for i, pause := range s.pauses {
		full := min(longPause, firstPause<<i)
		if pause < full/2 || pause > full {
			t.Errorf("pause %d is %v, want between %v and %v", i, pause, full/2, full)
		}
	}
	again := serve(t, say(500, ""))
	client = again.client()
	client.Attempts = 9
	_, _ = client.Complete(t.Context(), ask)
	if len(s.pauses) != 8 || !slices.Equal(s.pauses, again.pauses) {
		t.Errorf("the same request paused %v, then %v", s.pauses, again.pauses)
	}
}

func TestARateLimitHoldsAllBack(t *testing.T) {
	s := serve(t, say(429, "", "Retry-After", "60"), say(200, good))
	client := s.client()
	for range 2 {
		if _, err := client.Complete(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.pauses) != 2 || s.pauses[1] < 50*time.Second {
		t.Errorf("paused %v: the second request must wait for the first one's limit", s.pauses)
	}
}

func TestASlowServer(t *testing.T) {
	done := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-done })
	t.Cleanup(func() { close(done) }) // before the server is closed, which waits for its answers
	client := s.client()
	client.Timeout, client.Attempts = 20*time.Millisecond, 2
	if _, err := client.Complete(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "no answer within 20ms") || s.asked() != 2 {
		t.Errorf("%v after %d requests", err, s.asked())
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	client.Timeout = 0
	if _, err := client.Complete(ctx, ask); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt gave %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	s := serve(t, drop)
	s.Close()
	if _, err := s.client().Complete(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "asked 4 times") {
		t.Errorf("%v", err)
	}
}

// TestNobodyThere: before anything was answered, waiting would only hide a wrong address.
func TestNobodyThere(t *testing.T) {
	s := serve(t, say(200, "{}"))
	c := s.client()
	c.BaseURL = "http://127.0.0.1:1/v1"
	waits := 0
	c.pause = func(context.Context, time.Duration) error { waits++; return nil }
	if _, err := c.OnlyModel(t.Context()); err == nil || !strings.Contains(err.Error(), "is the server running") || waits > 0 {
		t.Errorf("after %d waits: %v", waits, err)
	}
}

func TestOnlyModel(t *testing.T) {
	for _, c := range []struct{ answer, name, want string }{
		{`{"data":[{"id":"qwen"}]}`, "qwen", ""},
		{`{"data":[{"id":"a"},{"id":"b"}]}`, "", "2 models, name the one to ask: a, b"},
		{`{"data":[]}`, "", "lists no models"},
		{`hello`, "", "not JSON"},
	} {
		name, err := serve(t, say(200, c.answer)).client().OnlyModel(t.Context())
		if name != c.name || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v", c.answer, name, err)
		}
	}
}
