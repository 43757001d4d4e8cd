package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is a request that failed.
type Error struct {
	Status   int           // HTTP's; 0: there was no answer, or none that can be read
	Message  string        // what the server says, and what to do
	Again    bool          // the same request may succeed later
	Hopeless bool          // no other request will succeed either
	After    time.Duration // how long the server asks to wait; 0: it does not say
	cause    error         // why there was no answer; nil: there was one
}

// Unwrap is why there was no answer.
func (e *Error) Unwrap() error { return e.cause }

// Error says what happened.
func (e *Error) Error() string {
	if e.Status == 0 {
		return e.Message
	}
	return fmt.Sprintf("the server says %d %s: %s", e.Status, http.StatusText(e.Status), e.Message)
}

// maxAnswer bounds the memory that one answer can take.
const maxAnswer = 256 << 20

// connections keeps as many open as there may be requests at a time.
var connections = func() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 1024
	return &http.Client{Transport: t}
}()

// send makes one request and returns the body of a good answer.
func (c *Client) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	url := strings.TrimRight(c.BaseURL, "/") + "/" + path
	limited, cancel := ctx, context.CancelFunc(func() {})
	if c.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, c.Timeout)
	}
	defer cancel()
	request, err := http.NewRequestWithContext(limited, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Hopeless: true, Message: fmt.Sprintf("ask %s: %v", url, err)}
	}
	request.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		request.Header.Set("Authorization", "Bearer "+c.Key)
	}
	response, err := connections.Do(request)
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.broken(ctx, err)
	case len(answer) > maxAnswer:
		return nil, &Error{Message: fmt.Sprintf("the answer of %s is longer than %d MiB: ask for fewer samples at a time", url, maxAnswer>>20)}
	case response.StatusCode != http.StatusOK:
		return nil, refusal(url, response, answer)
	}
	return answer, nil
}

// broken is a request without a whole answer.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() // it was not the server
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return &Error{Again: true, Message: fmt.Sprintf("no answer within %s: give a request more time, or ask for fewer samples at a time: %v", c.Timeout, err)}
	}
	return &Error{Again: true, Message: err.Error(), cause: err}
}

// unreachable tells that there was nobody to ask.
func unreachable(err error) bool {
	network, ok := errors.AsType[*net.OpError](err)
	return ok && network.Op == "dial"
}

// refusal reads an answer that is not a good one.
func refusal(url string, response *http.Response, answer []byte) *Error {
	said, code := reason(answer)
	e := &Error{Status: response.StatusCode, Message: said, After: retryAfter(response.Header.Get("Retry-After"))}
	switch status := response.StatusCode; {
	case code == "insufficient_quota":
		e.Hopeless, e.Message = true, said+" (the account's quota is used up)"
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusConflict, status >= 500 && status != http.StatusNotImplemented:
		e.Again = true
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Hopeless, e.Message = true, said+" (is OPENAI_API_KEY the key of this server?)"
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		e.Hopeless, e.Message = true, fmt.Sprintf("%s (asked %s: does the base URL end in the version, as in http://localhost:8000/v1, is the model served under this name, and does the server have this API, chat or completions?)", said, url)
	case unknownValue(said):
		e.Hopeless, e.Message = true, said+" (the server does not know all of vLLM's sampling values: say --vendor_sampling openai, and leave top_k and min_p out)"
	}
	return e
}

// unknownValue tells whether a server complains of a value that only some know.
func unknownValue(said string) bool {
	for _, name := range []string{"top_k", "min_p", "repetition_penalty"} {
		if strings.Contains(said, name) {
			return true
		}
	}
	return false
}

// reason is what an error's body says, in the forms of OpenAI, of older vLLM and of
// FastAPI, or its beginning.
func reason(answer []byte) (message, code string) {
	var a struct {
		Error struct {
			Message string `json:"message"`
			Code    any    `json:"code"`
		} `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(answer, &a) == nil {
		code, _ = a.Error.Code.(string)
		for _, m := range []string{a.Error.Message, a.Message, string(a.Detail)} {
			if m != "" {
				return m, code
			}
		}
	}
	return excerpt(answer), code
}

// excerpt is the beginning of a body, on one line.
func excerpt(answer []byte) string {
	const shown = 200
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer[:min(len(answer), 4*shown)]), "?")), " ")
	if runes := []rune(text); len(runes) > shown {
		text = string(runes[:shown]) + " …"
	}
	if text == "" {
		return "(an empty body)"
	}
	return text
}

// retryAfter reads seconds or a date; 0 for neither.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1e9 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
