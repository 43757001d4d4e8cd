package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// serve NAME FAULTS: starts an OpenAI-compatible server until the script ends and puts its
// base URL into the environment. It writes its requests, one a line, into NAME. It answers
// "Say X" with \boxed{X} where the seed is even, else with another number. With faults it
// limits the rate, drops connections, sends a page, or fewer choices than asked for.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve NAME none|faults|denied")
	}
	requests, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	s := &fakeServer{requests: requests, faults: args[1]}
	server := httptest.NewServer(s)
	ts.Defer(func() {
		server.Close()
		requests.Close()
	})
	ts.Setenv("SERVER", server.URL+"/v1")
}

type fakeServer struct {
	requests *os.File
	faults   string
	count    atomic.Int64
}

var said = regexp.MustCompile(`Say (\d+)`)

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/models" {
		fmt.Fprint(w, `{"data":[{"id":"org/echo"}]}`)
		return
	}
	var raw json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&raw)
	fmt.Fprintf(s.requests, "%s %s\n", r.URL.Path, raw)
	var request struct {
		N, Seed int
	}
	_ = json.Unmarshal(raw, &request)
	switch {
	case s.faults == "denied":
		http.Error(w, `{"error":{"message":"bad key"}}`, http.StatusUnauthorized)
		return
	case s.faults == "faults":
		if s.fault(w) {
			return
		}
		request.N = (request.N + 1) / 2
	}
	word := "1"
	if asked := said.FindSubmatch(raw); asked != nil {
		word = string(asked[1])
	}
	if request.Seed%2 == 1 {
		word = "-" + word
	}
	var choices []any
	for i := range request.N {
		text := `\boxed{` + word + `}`
		choices = append(choices, map[string]any{"index": i, "text": text, "message": map[string]any{"role": "assistant", "content": text}, "finish_reason": "stop"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": choices, "usage": map[string]any{"completion_tokens": 5 * request.N}})
}

// fault spoils some of the first requests.
func (s *fakeServer) fault(w http.ResponseWriter) bool {
	switch i := s.count.Add(1); i {
	case 1, 4:
		w.Header().Set("Retry-After", strconv.FormatFloat(0.01, 'g', -1, 64))
		http.Error(w, `{"error":{"message":"rate limit reached"}}`, http.StatusTooManyRequests)
	case 2:
		if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
			connection.Close()
		}
	case 3:
		fmt.Fprint(w, "<html>The gateway is tired</html>")
	default:
		return false
	}
	return true
}
