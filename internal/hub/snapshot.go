package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Snapshot is a repository at a commit.
type Snapshot struct {
	Repo   Repo
	Commit string
	Files  []File // sorted by path
	Stale  error  // why the Hub could not be asked whether the cached commit is still the newest; nil if it was, or need not be

	client *Client
}

// File is a file of a snapshot.
type File struct {
	Path   string
	Size   int64
	BlobID string // git's SHA-1 of the content, or of the pointer to it
	SHA256 string // of the content, where it is kept in large-file storage
}

// hash is the content's hash, which names its blob.
func (f File) hash() string {
	if f.SHA256 != "" {
		return f.SHA256
	}
	return f.BlobID
}

var commitName = regexp.MustCompile(`^[0-9a-f]{40}$`)

// isLocal tells that a name from elsewhere stays below a folder.
func isLocal(name string) bool { return filepath.IsLocal(filepath.FromSlash(name)) }

// Open finds a repository's commit and lists its files. A branch or a tag is asked of
// the Hub; if the Hub cannot be reached, or the client is offline, the commit that the
// cache holds for it is taken. A commit that is cached needs no network.
func (c *Client) Open(ctx context.Context, repo Repo) (*Snapshot, error) {
	s := &Snapshot{Repo: repo, client: c}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", repo, err)
	}
	return s, nil
}

func (s *Snapshot) open(ctx context.Context) (err error) {
	if s.Commit, err = s.commit(ctx); err != nil {
		return err
	}
	if s.Files, err = s.readTree(); err == nil {
		return nil
	}
	if s.client.Offline || s.Stale != nil {
		s.Files, err = s.cachedFiles()
		return err
	}
	if s.Files, err = s.askTree(ctx); err != nil {
		return err
	}
	return s.writeTree()
}

// commit resolves the revision.
func (s *Snapshot) commit(ctx context.Context) (string, error) {
	if commitName.MatchString(s.Repo.Revision) {
		return s.Repo.Revision, nil
	}
	cached, isCached := s.readRef()
	if s.client.Offline {
		if !isCached {
			return "", fmt.Errorf("HF_HUB_OFFLINE is set and %s does not hold it: unset it to download", s.client.Cache)
		}
		return cached, nil
	}
	commit, err := s.askCommit(ctx, isCached)
	if err != nil && isCached && passing(err) && ctx.Err() == nil {
		s.Stale = err
		return cached, nil
	}
	if err != nil {
		return "", err
	}
	return commit, s.writeRef(commit)
}

// askCommit asks once where the cache has an answer too.
func (s *Snapshot) askCommit(ctx context.Context, once bool) (string, error) {
	var answer struct{ SHA string }
	ask := s.client.getJSON
	if once {
		ask = s.client.getJSONOnce
	}
	address := s.client.api(s.Repo, "revision", s.Repo.Revision)
	if _, err := ask(ctx, s.Repo, address, &answer); err != nil {
		return "", err
	}
	if !commitName.MatchString(answer.SHA) {
		return "", fmt.Errorf("%s names no commit but %q: is HF_ENDPOINT right?", address, answer.SHA)
	}
	return answer.SHA, nil
}

// askTree lists the files, page by page.
func (s *Snapshot) askTree(ctx context.Context) ([]File, error) {
	var files []File
	base := s.client.api(s.Repo, "tree", s.Commit)
	for query := "recursive=true"; query != ""; {
		var page []struct {
			Type, Path, OID string
			Size            int64
			LFS             *struct{ OID string }
		}
		header, err := s.client.getJSON(ctx, s.Repo, base+"?"+query, &page)
		if err != nil {
			return nil, err
		}
		for _, entry := range page {
			if entry.Type != "file" {
				continue
			}
			f := File{Path: entry.Path, Size: entry.Size, BlobID: entry.OID}
			if entry.LFS != nil {
				f.SHA256 = entry.LFS.OID
			}
			if err := f.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", base, err)
			}
			files = append(files, f)
		}
		query = nextQuery(header.Get("Link"))
	}
	return files, nil
}

var hashName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// check refuses what would be written outside the cache.
func (f File) check() error {
	if !isLocal(f.Path) || !hashName.MatchString(f.hash()) || f.Size < 0 {
		return fmt.Errorf("the listing has an entry that cannot be (path %q, hash %q, size %d): is HF_ENDPOINT right?", f.Path, f.hash(), f.Size)
	}
	return nil
}

var nextLink = regexp.MustCompile(`<([^>]*)>;\s*rel="next"`)

// nextQuery is the query of the next page. Its host is not followed: the token stays
// with the endpoint.
func nextQuery(link string) string {
	found := nextLink.FindStringSubmatch(link)
	if found == nil {
		return ""
	}
	next, err := url.Parse(found[1])
	if err != nil {
		return ""
	}
	return next.RawQuery
}

// Fetch brings files into the cache, unless they are there, and returns their paths.
func (s *Snapshot) Fetch(ctx context.Context, names ...string) ([]string, error) {
	var out []string
	for _, name := range names {
		path := s.path(name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := s.fetch(ctx, name); err != nil {
				return nil, fmt.Errorf("download %s of %s: %w", name, s.Repo, err)
			}
		} else if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

func (s *Snapshot) fetch(ctx context.Context, name string) error {
	for _, f := range s.Files {
		if f.Path != name {
			continue
		}
		if err := s.blob(ctx, f); err != nil {
			return err
		}
		return s.link(f)
	}
	var have []string
	for _, f := range s.Files {
		have = append(have, f.Path)
	}
	return fmt.Errorf("there is no such file: there are %s", strings.TrimSpace(some(have)))
}
