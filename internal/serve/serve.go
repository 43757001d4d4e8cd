// Package serve is a reward server: graders behind HTTP, in negativa's own shape and in
// those that trainers send. What cannot be graded is an HTTP error or a null, never a
// reward of 0. OpenAPI describes it (openapi.json), and a test holds the two together.
package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/negativa-lab/negativa/verify"
)

// Options says what is served and within which bounds. All are needed but Token and Log.
type Options struct {
	Grade       func(gold, response string) verify.Grade // pure and safe for concurrent use
	Mode        string                                   // of the grader, as /healthz and /metrics name it
	Token       string                                   // that requests must bear; empty: none
	MaxBody     int64                                    // bytes of a request
	Timeout     time.Duration                            // of a request, from its header to its answer
	Concurrency int                                      // requests at once; more are turned away
	Workers     int                                      // answers graded at once, over all requests
	Log         *slog.Logger                             // of failures that are ours; nil: none
}

// Server answers requests. It is an http.Handler.
type Server struct {
	options  Options
	routes   map[string]route
	admitted chan struct{} // a place for each request
	slots    chan struct{} // a place for each answer that is being graded
	inFlight atomic.Int64
	metrics  *metrics
}

// A route either grades a body or shows something.
type route struct {
	grade func(context.Context, []byte) (any, error)
	show  func(http.ResponseWriter) error
	open  bool // to everyone, even if there is a token
}

func (r route) method() string {
	if r.grade != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// takes tells whether a route answers a method: what can be got can be asked for without
// its body too.
func (r route) takes(method string) bool {
	return method == r.method() || method == http.MethodHead && r.show != nil
}

// New returns a server. An option that is missing is an error.
func New(o Options) (*Server, error) {
	if o.MaxBody <= 0 || o.Timeout <= 0 || o.Concurrency <= 0 || o.Workers <= 0 || o.Grade == nil {
		return nil, fmt.Errorf("serve: a body of %d bytes, a timeout of %s, %d requests and %d workers at once: each must be above 0",
			o.MaxBody, o.Timeout, o.Concurrency, o.Workers)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, admitted: make(chan struct{}, o.Concurrency), slots: make(chan struct{}, o.Workers), metrics: newMetrics()}
	s.routes = map[string]route{
		"/v1/grade":      {grade: s.native},
		"/get_reward":    {grade: s.openRLHF},
		"/compute_score": {grade: s.verl},
		"/metrics":       {show: s.showMetrics},
		"/healthz":       {show: s.showHealth, open: true},
		"/openapi.json":  {show: showOpenAPI, open: true},
	}
	return s, nil
}

// ServeHTTP answers one request and counts it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	label := r.URL.Path
	target, known := s.routes[label]
	if !known {
		label = "other" // or strangers could make series without end
	}
	answer := &recorder{ResponseWriter: w, code: http.StatusOK}
	err := s.answer(answer, r, target, known)
	if err != nil {
		s.refuse(answer, r, err)
	}
	s.metrics.request(label, answer.code, time.Since(begin))
}

// answer writes the answer, or returns why there is none.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, target route, known bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a bug: %v\n%s", p, debug.Stack())
		}
	}()
	switch {
	case !known:
		return failure{http.StatusNotFound, fmt.Errorf("there is no %s: GET /openapi.json lists what there is", r.URL.Path)}
	case !target.takes(r.Method):
		w.Header().Set("Allow", target.method())
		return failure{http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s, not %s", r.URL.Path, target.method(), r.Method)}
	case !target.open && !s.authorized(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="negativa"`)
		return failure{http.StatusUnauthorized, errors.New("the token is missing or wrong: send it as Authorization: Bearer TOKEN, or in the address as http://any:TOKEN@host")}
	case target.show != nil:
		return target.show(w)
	}
	return s.admit(w, r, target)
}

// authorized tells whether a request bears the token. Clients that cannot set a header
// can have it in the address as a password, which arrives as basic authorization.
func (s *Server) authorized(r *http.Request) bool {
	if s.options.Token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		_, given, _ = r.BasicAuth()
	}
	want, got := sha256.Sum256([]byte(s.options.Token)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// admit grades a request if there is a place for it.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, target route) error {
	select {
	case s.admitted <- struct{}{}:
		defer func() { <-s.admitted }()
	default:
		_, _ = io.Copy(io.Discard, s.sent(w, r)) // one who is still sending would find the connection broken, and not hear why
		w.Header().Set("Retry-After", "1")
		return failure{http.StatusServiceUnavailable, fmt.Errorf("%d requests are being answered: try again in a second, or raise --concurrency", s.options.Concurrency)}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
	defer cancel()
	body, err := s.body(w, r)
	if err != nil {
		return err
	}
	found, err := target.grade(ctx, body)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, found)
}

// sent is a request's body, of bounded length, while there is time.
func (s *Server) sent(w http.ResponseWriter, r *http.Request) io.Reader {
	readUntil(w, time.Now().Add(s.options.Timeout))
	return http.MaxBytesReader(w, r.Body, s.options.MaxBody)
}

// readUntil bounds the time for what comes from a client; the zero time does not. What is
// no connection, as in tests, has no bound.
func readUntil(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(s.sent(w, r))
	switch {
	case err == nil:
		readUntil(w, time.Time{}) // or the request would end while it is graded
		return body, nil
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, failure{http.StatusRequestEntityTooLarge, fmt.Errorf("the request has more than %d bytes: send fewer answers at once, or raise --max-body", s.options.MaxBody)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, failure{http.StatusRequestTimeout, fmt.Errorf("the request did not arrive within %s", s.options.Timeout)}
	}
	return nil, failure{http.StatusBadRequest, fmt.Errorf("read the request: %w", err)}
}

func (s *Server) showHealth(w http.ResponseWriter) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "mode": s.options.Mode, "verifier": verify.Version})
}
