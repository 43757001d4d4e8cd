// Package hub downloads files of Hugging Face repositories into the Hub's own cache, so
// that whatever else reads that cache finds them, and what others left there is used.
//
// A repository's folder is datasets--org--name or models--org--name. In it, refs/main
// holds a commit, trees/COMMIT.json the files of that commit, snapshots/COMMIT/FILE links
// to blobs/HASH, and what is on its way is blobs/HASH.incomplete. A blob's name is the
// hash of its content, which is checked before the blob gets that name.
package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kind is a kind of repository, named as the API names it.
type Kind string

// The kinds that can be opened.
const (
	Dataset Kind = "datasets"
	Model   Kind = "models"
)

// Repo is a repository at a revision.
type Repo struct {
	Kind     Kind
	Name     string // org/name
	Revision string // branch, tag or commit
}

func (r Repo) String() string { return string(r.Kind) + "/" + r.Name + "@" + r.Revision }

// folder is the repository's folder in the cache.
func (r Repo) folder() string {
	return string(r.Kind) + "--" + strings.ReplaceAll(r.Name, "/", "--")
}

// Client reads repositories. Its methods may be called concurrently, and by several
// processes that share a cache.
type Client struct {
	Endpoint string // without a slash at its end
	Cache    string // folder of all repositories
	Token    string // empty: anonymous
	Offline  bool   // only the cache is asked
	HTTP     *http.Client
	Stall    time.Duration // how long nothing may come before an attempt is given up

	// Progress, if any, is told how many bytes of a file have come.
	Progress func(file string, done, total int64)
	// Wait sleeps between attempts, unless the context ends.
	Wait func(ctx context.Context, d time.Duration) error
}

// FromEnvironment makes a client as HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN,
// HF_TOKEN_PATH, HF_HUB_OFFLINE and XDG_CACHE_HOME say.
func FromEnvironment() (*Client, error) {
	home, err := home()
	if err != nil {
		return nil, err
	}
	token, err := token(home)
	if err != nil {
		return nil, err
	}
	return &Client{
		Endpoint: strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/"),
		Cache:    cmp.Or(os.Getenv("HF_HUB_CACHE"), filepath.Join(home, "hub")),
		Token:    token,
		Offline:  isTrue(os.Getenv("HF_HUB_OFFLINE")),
		HTTP:     &http.Client{Transport: transport()},
		Stall:    time.Minute,
		Wait:     wait,
	}, nil
}

func home() (string, error) {
	if home := os.Getenv("HF_HOME"); home != "" {
		return home, nil
	}
	if cache := os.Getenv("XDG_CACHE_HOME"); cache != "" {
		return filepath.Join(cache, "huggingface"), nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the Hub's cache: %w: set HF_HOME to a folder", err)
	}
	return filepath.Join(user, ".cache", "huggingface"), nil
}

// token is HF_TOKEN, or what `hf auth login` left in a file.
func token(home string) (string, error) {
	if token := strings.TrimSpace(os.Getenv("HF_TOKEN")); token != "" {
		return token, nil
	}
	path := cmp.Or(os.Getenv("HF_TOKEN_PATH"), filepath.Join(home, "token"))
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the Hub's token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// isTrue reads a switch as huggingface_hub does.
func isTrue(value string) bool {
	switch strings.ToUpper(value) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// transport gives up on a server that does not answer.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	return t
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
