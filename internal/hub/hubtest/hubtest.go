// Package hubtest is a Hub for tests: the API's revisions and listings, files served as
// they are or, where they are large, by a redirect to another server, ranges, and the
// faults that real servers have.
package hubtest

import (
	"crypto/sha1" //nolint:gosec // git names content by it
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server has one repository with one commit. Its fields may be set between requests.
type Server struct {
	URL    string
	Kind   string // datasets or models
	Name   string // org/name
	Commit string // of every revision
	Files  map[string]string
	Large  int    // files of so many bytes or more are kept in large-file storage
	Token  string // what must be presented; empty: nothing

	DropAfter int    // the connection breaks after so many bytes of a file; 0: never
	Drops     int    // so many times
	Hang      bool   // it falls silent instead
	Refuse    []int  // status codes of the next answers, before anything else
	Retry     string // Retry-After of refusals
	Garble    bool   // files come with a byte changed
	NoRanges  bool   // ranges are not heeded
	Shrink    int    // listings say that files have so many bytes less

	mutex    sync.Mutex
	requests []string
	cdn      string
}

// Commit is what revisions of a new server lead to.
const Commit = "0123456789abcdef0123456789abcdef01234567"

// New starts a server that ends with the test.
func New(t testing.TB, kind, name string, files map[string]string) *Server {
	t.Helper()
	s := &Server{Kind: kind, Name: name, Commit: Commit, Files: files, Large: 1000}
	main := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(main.Close)
	s.URL = main.URL
	store := httptest.NewServer(http.HandlerFunc(s.serveStored))
	t.Cleanup(store.Close)
	s.cdn = store.URL
	return s
}

// Requests are what was asked since the last call: method, path and range.
func (s *Server) Requests() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	asked := s.requests
	s.requests = nil
	return asked
}

func (s *Server) note(r *http.Request) (refuse int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("Range")))
	if len(s.Refuse) > 0 {
		refuse, s.Refuse = s.Refuse[0], s.Refuse[1:]
	}
	return refuse
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	refuse := s.note(r)
	page := "/" + s.Name
	if s.Kind == "datasets" {
		page = "/datasets" + page
	}
	api, isAPI := strings.CutPrefix(r.URL.EscapedPath(), "/api/"+s.Kind+"/"+s.Name+"/")
	file, isFile := strings.CutPrefix(r.URL.Path, page+"/resolve/")
	_, file, _ = strings.Cut(file, "/") // behind the revision
	switch {
	case refuse != 0:
		w.Header().Set("Retry-After", s.Retry)
		w.WriteHeader(refuse)
	case s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token, !isAPI && !isFile:
		fail(w, http.StatusUnauthorized, "RepoNotFound")
	case isFile:
		s.serveFile(w, r, file)
	case strings.HasPrefix(api, "tree/"+s.Commit):
		s.serveTree(w, r)
	case api == "revision/gone":
		fail(w, http.StatusNotFound, "RevisionNotFound")
	case strings.HasPrefix(api, "revision/") && !strings.Contains(strings.TrimPrefix(api, "revision/"), "/"):
		json.NewEncoder(w).Encode(map[string]string{"sha": s.Commit}) //nolint:errcheck // the client will tell
	default:
		fail(w, http.StatusNotFound, "EntryNotFound")
	}
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Error-Code", code)
	w.WriteHeader(status)
}

// serveTree gives two entries a page.
func (s *Server) serveTree(w http.ResponseWriter, r *http.Request) {
	entries := []map[string]any{{"type": "directory", "path": "data", "oid": Commit, "size": 0}}
	for _, path := range slices.Sorted(maps.Keys(s.Files)) {
		content := s.Files[path]
		entry := map[string]any{"type": "file", "path": path, "size": len(content) - s.Shrink, "oid": gitHash(content)}
		if len(content) >= s.Large {
			entry["oid"] = gitHash("version https://git-lfs.github.com/spec/v1\noid sha256:" + storedHash(content) + "\n")
			entry["lfs"] = map[string]any{"oid": storedHash(content), "size": len(content), "pointerSize": 130}
		}
		entries = append(entries, entry)
	}
	at, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	end := min(at+2, len(entries))
	if end < len(entries) {
		w.Header().Set("Link", fmt.Sprintf(`<https://elsewhere.example%s?recursive=true&cursor=%d>; rel="next"`, r.URL.Path, end))
	}
	json.NewEncoder(w).Encode(entries[at:end]) //nolint:errcheck // the client will tell
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, file string) {
	content, ok := s.Files[file]
	w.Header().Set("X-Repo-Commit", s.Commit)
	switch {
	case !ok:
		fail(w, http.StatusNotFound, "EntryNotFound")
	case len(content) < s.Large:
		w.Header().Set("ETag", strconv.Quote(gitHash(content)))
		s.send(w, r, content)
	default:
		w.Header().Set("X-Linked-Etag", strconv.Quote(storedHash(content)))
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(content)))
		http.Redirect(w, r, s.cdn+"/"+url.PathEscape(file), http.StatusFound)
	}
}

// serveStored is the other server, on another port: it must not be shown the token.
func (s *Server) serveStored(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if r.Header.Get("Authorization") != "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.send(w, r, s.Files[strings.TrimPrefix(r.URL.Path, "/")])
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, content string) {
	if s.Garble {
		content = content[:len(content)-1] + "?"
	}
	if s.NoRanges {
		r.Header.Del("Range")
	}
	s.mutex.Lock()
	drop := s.DropAfter > 0 && s.Drops > 0
	s.Drops--
	s.mutex.Unlock()
	if drop {
		w = &dropping{w, r, s.DropAfter, s.Hang}
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

// dropping breaks the connection after some bytes, or is silent until the other side does.
type dropping struct {
	http.ResponseWriter
	request *http.Request
	left    int
	hang    bool
}

func (d *dropping) Write(p []byte) (int, error) {
	n, err := d.ResponseWriter.Write(p[:min(len(p), d.left)])
	if d.left -= n; d.left == 0 {
		d.ResponseWriter.(http.Flusher).Flush()
		if d.hang {
			<-d.request.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func storedHash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func gitHash(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content)) //nolint:gosec // git names content by it
	return hex.EncodeToString(sum[:])
}
