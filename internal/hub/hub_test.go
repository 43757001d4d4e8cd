package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa/internal/hub/hubtest"
)

var (
	small = "# A data set\n"
	large = strings.Repeat("a line of the large file\n", 4000)
	files = map[string]string{"README.md": small, "data/test-00000-of-00001.parquet": large, "data/train ä#.jsonl": large[1:], "empty.txt": ""}
	repo  = Repo{Kind: Dataset, Name: "org/name", Revision: "main"}
)

const largeName = "data/test-00000-of-00001.parquet"

// client downloads into a new cache and remembers how long it would have waited.
func client(t *testing.T, s *hubtest.Server) (*Client, *[]time.Duration) {
	t.Helper()
	var waits []time.Duration
	return &Client{
		Endpoint: s.URL, Cache: t.TempDir(), Token: s.Token, HTTP: &http.Client{}, Stall: time.Minute,
		Wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
	}, &waits
}

func fetch(t *testing.T, c *Client, repo Repo, names ...string) ([]string, error) {
	t.Helper()
	s, err := c.Open(t.Context(), repo)
	if err != nil {
		return nil, err
	}
	return s.Fetch(t.Context(), names...)
}

func mustFetch(t *testing.T, c *Client, name, want string) {
	t.Helper()
	paths, err := fetch(t, c, repo, name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(paths[0]); err != nil || string(got) != want {
		t.Fatalf("%s holds %d bytes (%v), want the %d of %s", paths[0], len(got), err, len(want), name)
	}
}

// TestCacheIsTheHubs compares every path of the cache with what huggingface_hub makes.
func TestCacheIsTheHubs(t *testing.T) {
	for _, kind := range []Kind{Dataset, Model} {
		s := hubtest.New(t, string(kind), "org/name", files)
		c, _ := client(t, s)
		paths, err := fetch(t, c, Repo{Kind: kind, Name: "org/name", Revision: "main"}, "README.md", largeName)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(large))
		stored := hex.EncodeToString(sum[:])
		const git = "967f3a8379ddc1d9abae2071adde6531a717144a" // printf '# A data set\n' | git hash-object --stdin
		folder := string(kind) + "--org--name"
		got := map[string]string{}
		err = filepath.WalkDir(c.Cache, func(path string, d fs.DirEntry, err error) error {
			if d.IsDir() || err != nil {
				return err
			}
			below, _ := filepath.Rel(c.Cache, path)
			got[below], _ = os.Readlink(path)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		snapshot := folder + "/snapshots/" + hubtest.Commit
		want := map[string]string{
			".locks/" + folder + "/" + git + ".lock":       "",
			".locks/" + folder + "/" + stored + ".lock":    "",
			folder + "/blobs/" + git:                       "",
			folder + "/blobs/" + stored:                    "",
			folder + "/refs/main":                          "",
			folder + "/trees/" + hubtest.Commit + ".json":  "",
			snapshot + "/README.md":                        "../../blobs/" + git,
			snapshot + "/data/test-00000-of-00001.parquet": "../../../blobs/" + stored,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		if ref, _ := os.ReadFile(filepath.Join(c.Cache, folder, "refs", "main")); string(ref) != hubtest.Commit {
			t.Errorf("refs/main is %q", ref)
		}
		if want := filepath.Join(c.Cache, snapshot, "README.md"); paths[0] != want {
			t.Errorf("the path is %s, not %s", paths[0], want)
		}
	}
}

func TestFilesOfAllKinds(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, _ := client(t, s)
	for name, content := range files {
		mustFetch(t, c, name, content)
	}
}

func TestWhatIsCachedIsNotAskedForAgain(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, _ := client(t, s)
	mustFetch(t, c, largeName, large)
	s.Requests()
	mustFetch(t, c, largeName, large)
	if asked := s.Requests(); !slices.Equal(asked, []string{"GET /api/datasets/org/name/revision/main"}) {
		t.Errorf("a branch in the cache was asked for by %q, want its commit alone", asked)
	}
	if _, err := fetch(t, c, Repo{Dataset, "org/name", hubtest.Commit}, largeName); err != nil || len(s.Requests()) > 0 {
		t.Errorf("a commit in the cache needs the network (%v)", err)
	}
	c.Offline = true
	mustFetch(t, c, largeName, large)
	if _, err := fetch(t, c, repo, "README.md"); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") {
		t.Errorf("offline, a file that is not cached: %v", err)
	}
	if len(s.Requests()) > 0 {
		t.Error("offline, the network was asked")
	}
	c.Offline, c.Endpoint = false, "http://127.0.0.1:1"
	mustFetch(t, c, largeName, large)
	if snapshot, err := c.Open(t.Context(), repo); err != nil || snapshot.Stale == nil {
		t.Errorf("without a network the snapshot is not said to be stale: %v", err)
	}
}

// TestCacheOfOthers reads a cache without listings, as older programs leave it.
func TestCacheOfOthers(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, _ := client(t, s)
	mustFetch(t, c, largeName, large)
	if err := os.RemoveAll(filepath.Join(c.Cache, "datasets--org--name", "trees")); err != nil {
		t.Fatal(err)
	}
	c.Offline = true
	snapshot, err := c.Open(t.Context(), repo)
	if err != nil || len(snapshot.Files) != 1 || snapshot.Files[0].Path != largeName {
		t.Fatalf("the snapshot lists %v (%v)", snapshot, err)
	}
	mustFetch(t, c, largeName, large)
}

func TestBrokenConnectionIsResumed(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	s.DropAfter, s.Drops = 30_000, 2
	c, waits := client(t, s)
	var told []int64
	c.Progress = func(_ string, done, total int64) {
		if total != int64(len(large)) || len(told) > 0 && done < told[len(told)-1] {
			t.Errorf("progress fell to %d of %d", done, total)
		}
		told = append(told, done)
	}
	mustFetch(t, c, largeName, large)
	var ranges []string
	for _, r := range s.Requests() {
		if path, asked, found := strings.Cut(r, " bytes="); found && strings.HasSuffix(path, "%2Ftest-00000-of-00001.parquet") {
			ranges = append(ranges, asked)
		}
	}
	if !slices.Equal(ranges, []string{"30000-", "60000-"}) || len(*waits) != 2 {
		t.Errorf("it went on at %q after waits of %v", ranges, *waits)
	}
	if last := told[len(told)-1]; last != int64(len(large)) {
		t.Errorf("progress ends at %d", last)
	}
}

func TestSilentConnectionIsGivenUp(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	s.DropAfter, s.Drops, s.Hang = 30_000, 1, true
	c, waits := client(t, s)
	c.Stall = 50 * time.Millisecond
	mustFetch(t, c, largeName, large)
	if len(*waits) == 0 {
		t.Error("it came at the first attempt")
	}
}

func TestKilledDownloadIsResumedByTheNext(t *testing.T) {
	for _, c := range []struct {
		name     string
		partial  string
		noRanges bool
	}{
		{"goes on", large[:5000], false},
		{"server without ranges", large[:5000], true},
		{"all was there", large, false},
		{"more than there is", large + large, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hubtest.New(t, "datasets", "org/name", files)
			s.NoRanges = c.noRanges
			client, _ := client(t, s)
			sum := sha256.Sum256([]byte(large))
			blobs := filepath.Join(client.Cache, "datasets--org--name", "blobs")
			if err := os.MkdirAll(blobs, 0o755); err != nil {
				t.Fatal(err)
			}
			partial := filepath.Join(blobs, hex.EncodeToString(sum[:])+".incomplete")
			if err := os.WriteFile(partial, []byte(c.partial), 0o644); err != nil {
				t.Fatal(err)
			}
			mustFetch(t, client, largeName, large)
			if _, err := os.Stat(partial); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the partial file is left: %v", err)
			}
		})
	}
}

func TestDamagedContentIsRefused(t *testing.T) {
	for _, name := range []string{largeName, "README.md"} {
		s := hubtest.New(t, "datasets", "org/name", files)
		s.Garble = true
		c, _ := client(t, s)
		if _, err := fetch(t, c, repo, name); err == nil || !strings.Contains(err.Error(), "has the hash") {
			t.Fatalf("%s: %v", name, err)
		}
		s.Garble = false
		mustFetch(t, c, name, files[name])
	}
}

func TestConnectionThatAlwaysBreaks(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, waits := client(t, s)
	snapshot, err := c.Open(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	s.Refuse = slices.Repeat([]int{http.StatusBadGateway}, 20)
	if _, err = snapshot.Fetch(t.Context(), largeName); err == nil || !strings.Contains(err.Error(), "502 Bad Gateway") {
		t.Errorf("the error is %v", err)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("it waited %v, want %v", *waits, want)
	}
}

// TestConnectionThatAlwaysBreaksAtTheSamePlace begins anew each time: what comes again is
// no progress.
func TestConnectionThatAlwaysBreaksAtTheSamePlace(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	s.DropAfter, s.Drops, s.NoRanges = 30_000, 100, true
	c, waits := client(t, s)
	if _, err := fetch(t, c, repo, largeName); err == nil || !strings.Contains(err.Error(), "the connection broke") {
		t.Errorf("the error is %v", err)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("it waited %v, want %v", *waits, want)
	}
}

// TestWrongListingIsAskedForAgain: a size that is not that of the content cannot be made
// good by another download.
func TestWrongListingIsAskedForAgain(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", map[string]string{largeName: large})
	s.Shrink = 1000
	c, _ := client(t, s)
	if _, err := fetch(t, c, repo, largeName); err == nil || !strings.Contains(err.Error(), "has the hash") {
		t.Fatalf("the error is %v", err)
	}
	s.Shrink = 0
	mustFetch(t, c, largeName, large)
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse []int
		retry  string
		repo   Repo
		file   string
		token  string
		want   string // in the error; empty: there is none
		waits  []time.Duration
	}{
		{name: "unknown repository", repo: Repo{Dataset, "org/other", "main"}, want: "there is no public org/other in datasets"},
		{name: "bad token", repo: Repo{Dataset, "org/other", "main"}, token: "secret", want: "that the token may read"},
		{name: "unknown revision", repo: Repo{Dataset, "org/name", "gone"}, want: `no revision "gone"`},
		{name: "unknown file", repo: repo, file: "data/absent.parquet", want: "there is no such file: there are README.md, data/test"},
		{name: "private", refuse: []int{401}, repo: repo, want: "set HF_TOKEN"},
		{name: "gated", refuse: []int{403}, repo: repo, want: "access to org/name must be granted: ask for it at "},
		{name: "a short limit", refuse: []int{429, 429}, retry: "7", repo: repo, file: "README.md", waits: []time.Duration{7 * time.Second, 7 * time.Second}},
		{name: "a long limit", refuse: []int{429}, retry: "300", repo: repo, want: "too many requests"},
		{name: "passing fault", refuse: []int{503}, repo: repo, file: "README.md", waits: []time.Duration{time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hubtest.New(t, "datasets", "org/name", files)
			s.Refuse, s.Retry = c.refuse, c.retry
			client, waits := client(t, s)
			client.Token = c.token
			_, err := fetch(t, client, c.repo, c.file)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("the error is %v, want %q in it", err, c.want)
			}
			if !slices.Equal(*waits, c.waits) {
				t.Errorf("it waited %v, want %v", *waits, c.waits)
			}
		})
	}
}

func TestTokenStaysWithTheHub(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	s.Token = "secret"
	c, _ := client(t, s)
	mustFetch(t, c, largeName, large) // the other server answers 400 to a token
}

func TestListingCannotLeaveTheCache(t *testing.T) {
	for _, name := range []string{"../../escape", "/etc/escape", "a/../../../escape"} {
		s := hubtest.New(t, "datasets", "org/name", map[string]string{name: small})
		c, _ := client(t, s)
		if _, err := c.Open(t.Context(), repo); err == nil || !strings.Contains(err.Error(), "cannot be") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwoAtOnce(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, _ := client(t, s)
	snapshot, err := c.Open(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	s.Requests()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := snapshot.Fetch(t.Context(), largeName); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if asked := s.Requests(); len(asked) != 2 { // the redirect, and what it leads to
		t.Errorf("one file was asked for by %q", asked)
	}
}

func TestCancelledDownloadKeepsWhatCame(t *testing.T) {
	s := hubtest.New(t, "datasets", "org/name", files)
	c, _ := client(t, s)
	snapshot, err := c.Open(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	s.DropAfter, s.Drops = 30_000, 1
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(_ string, done, _ int64) {
		if done > 0 {
			cancel()
		}
	}
	if _, err := snapshot.Fetch(ctx, largeName); !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	c.Progress = nil
	s.Requests()
	mustFetch(t, c, largeName, large)
	if asked := s.Requests(); !slices.ContainsFunc(asked, func(r string) bool { return strings.Contains(r, " bytes=") }) {
		t.Errorf("it did not go on from what had come: %q", asked)
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "token"), []byte("of the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", "/home/someone")
	for _, step := range []struct {
		name, value string
		want        Client
	}{
		{"HF_TOKEN", "", Client{Endpoint: "https://huggingface.co", Cache: "/home/someone/.cache/huggingface/hub"}},
		{"XDG_CACHE_HOME", "/x", Client{Endpoint: "https://huggingface.co", Cache: "/x/huggingface/hub"}},
		{"HF_HOME", home, Client{Endpoint: "https://huggingface.co", Cache: home + "/hub", Token: "of the file"}},
		{"HF_HUB_CACHE", "/c", Client{Endpoint: "https://huggingface.co", Cache: "/c", Token: "of the file"}},
		{"HF_ENDPOINT", "https://mirror/", Client{Endpoint: "https://mirror", Cache: "/c", Token: "of the file"}},
		{"HF_TOKEN", "t", Client{Endpoint: "https://mirror", Cache: "/c", Token: "t"}},
		{"HF_HUB_OFFLINE", "1", Client{Endpoint: "https://mirror", Cache: "/c", Token: "t", Offline: true}},
	} {
		t.Setenv(step.name, step.value)
		got, err := FromEnvironment()
		if err != nil {
			t.Fatal(err)
		}
		got.HTTP, got.Wait, got.Stall = nil, nil, 0
		if diff := cmp.Diff(step.want, *got); diff != "" {
			t.Errorf("after %s=%s: %s", step.name, step.value, diff)
		}
	}
}
