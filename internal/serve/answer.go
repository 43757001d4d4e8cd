package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// failure is why a request is not answered, with its HTTP status.
type failure struct {
	code int
	error
}

func (f failure) Unwrap() error { return f.error }

func badRequest(err error) error { return failure{http.StatusBadRequest, err} }

// refuse writes an error. One without a status is ours: the client learns that it was,
// and the log what it was.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[failure](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded):
		f = failure{http.StatusServiceUnavailable, fmt.Errorf("not done within %s: send fewer answers at once, or raise --timeout", s.options.Timeout)}
	case r.Context().Err() != nil:
		f = failure{http.StatusServiceUnavailable, errors.New("the client went away")}
	default:
		s.options.Log.Error("request failed", "path", r.URL.Path, "err", err)
		f = failure{http.StatusInternalServerError, errors.New("the server failed: its log says why")}
	}
	if err := writeJSON(w, f.code, map[string]string{"error": f.Error()}); err != nil {
		s.options.Log.Error("answer with an error", "path", r.URL.Path, "err", err)
	}
}

// writeJSON writes an answer. An error is one of encoding: a client that has gone is none.
func writeJSON(w http.ResponseWriter, code int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
	return nil
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.MaxBytesReader reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
