package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// StatusError is an answer of the Hub that is not what was asked for.
type StatusError struct {
	URL    string
	Status int
	Reason string // with what to do
	after  time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers %d %s: %s", e.URL, e.Status, http.StatusText(e.Status), e.Reason)
}

// get asks for a URL and returns an answer of status 200 or 206, whose body the caller
// closes.
func (c *Client) get(ctx context.Context, repo Repo, address string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask the Hub (HF_ENDPOINT is %s): %w", c.Endpoint, err)
	}
	maps.Copy(request.Header, header)
	request.Header.Set("User-Agent", "negativa")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := *c.HTTP
	client.CheckRedirect = keepToken
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the Hub: %w (is there a network? HF_ENDPOINT names another Hub, HF_HUB_OFFLINE=1 takes what is cached)", err)
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusPartialContent {
		return response, nil
	}
	defer response.Body.Close() //nolint:errcheck // nothing is read from it
	return nil, &StatusError{
		URL: address, Status: response.StatusCode,
		Reason: c.reason(repo, response), after: retryAfter(response.Header),
	}
}

// keepToken keeps the token with the server that it is for. net/http itself drops it only
// where a redirect leaves the host's name and all names below it: another port, a storage
// server of the same domain, or no TLS would still be shown it.
func keepToken(next *http.Request, before []*http.Request) error {
	const most = 10
	if len(before) >= most {
		return fmt.Errorf("it redirects more than %d times", most)
	}
	first := before[0].URL
	if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		next.Header.Del("Authorization")
	}
	return nil
}

// reason tells what a refusal means and what to do.
func (c *Client) reason(repo Repo, r *http.Response) string {
	said := r.Header.Get("X-Error-Code")
	reason := "something is wrong at the Hub: try again later"
	switch {
	case said == "RevisionNotFound":
		reason = fmt.Sprintf("%s %s has no revision %q: check what stands behind the @", repo.Kind, repo.Name, repo.Revision)
	case said == "EntryNotFound":
		reason = fmt.Sprintf("%s has no such file", repo)
	case said == "GatedRepo" || r.StatusCode == http.StatusForbidden:
		reason = fmt.Sprintf("access to %s must be granted: ask for it at %s, and set HF_TOKEN to a token of that account", repo.Name, c.page(repo))
	case r.StatusCode == http.StatusUnauthorized && c.Token != "":
		reason = fmt.Sprintf("there is no %s in %s that the token may read: check the name, and that HF_TOKEN (or HF_HOME/token) is valid", repo.Name, repo.Kind)
	case r.StatusCode == http.StatusUnauthorized:
		reason = fmt.Sprintf("there is no public %s in %s: check the name, or set HF_TOKEN if it is private", repo.Name, repo.Kind)
	case r.StatusCode == http.StatusNotFound:
		reason = fmt.Sprintf("there is no %s in %s, or no such file in it: check the name", repo.Name, repo.Kind)
	case r.StatusCode == http.StatusTooManyRequests:
		reason = "too many requests: wait some minutes; with HF_TOKEN the limits are higher"
	}
	if message := r.Header.Get("X-Error-Message"); message != "" {
		reason += fmt.Sprintf(" (it says: %.200s)", message)
	}
	return reason
}

// retryAfter reads the seconds that a server asks to wait.
func retryAfter(h http.Header) time.Duration {
	seconds, _ := strconv.Atoi(h.Get("Retry-After"))
	return time.Duration(max(0, seconds)) * time.Second
}

// passing tells whether a failure may pass by itself: no answer, a broken one, too many
// requests, a server's own fault.
func passing(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status == http.StatusTooManyRequests || status.Status >= 500
	}
	_, isNetwork := errors.AsType[*url.Error](err)
	return isNetwork || errors.Is(err, errBroken)
}

const (
	attempts = 5
	longest  = time.Minute // for an answer of the API, and between attempts
)

// pause waits before attempt n + 1, as long as the server asked or twice as long as
// before. It returns err itself if there are no more attempts or the wait is too long.
func (c *Client) pause(ctx context.Context, n int, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	delay := time.Second << n
	if status, ok := errors.AsType[*StatusError](err); ok {
		delay = cmp.Or(status.after, delay)
	}
	if !passing(err) || n+1 >= attempts || delay > longest {
		return err
	}
	return c.Wait(ctx, delay)
}

// unreachable tells that there was nobody to answer: before anything has come, trying
// again would only hide it for a while.
func unreachable(err error) bool {
	network, ok := errors.AsType[*net.OpError](err)
	return ok && network.Op == "dial"
}

// getJSON reads an answer of the API into a value, and returns the answer's header.
func (c *Client) getJSON(ctx context.Context, repo Repo, address string, into any) (http.Header, error) {
	for n := 0; ; n++ {
		header, err := c.getJSONOnce(ctx, repo, address, into)
		if err == nil || unreachable(err) {
			return header, err
		}
		if err := c.pause(ctx, n, err); err != nil {
			return nil, err
		}
	}
}

func (c *Client) getJSONOnce(ctx context.Context, repo Repo, address string, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	response, err := c.get(ctx, repo, address, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // what matters has been read
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return nil, fmt.Errorf("%w: %s answers what is not the Hub's JSON (%w): is HF_ENDPOINT right?", errBroken, address, err)
	}
	return response.Header, nil
}

// api is an address of the API: a verb of a repository at a revision.
func (c *Client) api(repo Repo, verb, revision string) string {
	return fmt.Sprintf("%s/api/%s/%s/%s/%s", c.Endpoint, repo.Kind, repo.Name, verb, url.PathEscape(revision))
}

// page is where people look at a repository.
func (c *Client) page(repo Repo) string {
	if repo.Kind == Model {
		return c.Endpoint + "/" + repo.Name
	}
	return c.Endpoint + "/" + string(repo.Kind) + "/" + repo.Name
}

// content is the address of a file at a commit.
func (c *Client) content(repo Repo, commit, file string) string {
	parts := strings.Split(file, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return fmt.Sprintf("%s/resolve/%s/%s", c.page(repo), commit, strings.Join(parts, "/"))
}
