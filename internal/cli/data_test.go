package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/internal/hub/hubtest"
)

// run is the program as a user calls it.
func run(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = Main(args, &out, &err)
	return code, out.String(), err.String()
}

// TestDataCheckOnTheHub downloads, is interrupted, goes on, and needs no network at the
// end.
func TestDataCheckOnTheHub(t *testing.T) {
	row := `{"problem": "Find $x$.", "solution": "It is \\boxed{7}", "level": "Level 2"}` + "\n"
	server := hubtest.New(t, "datasets", "org/name", map[string]string{"README.md": "about", "test.jsonl": row, "train.jsonl": strings.Repeat(row, 100)})
	home := t.TempDir()
	for _, name := range []string{"HF_HUB_CACHE", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_ENDPOINT", server.URL)
	if code, _, stderr := run("data", "check", "hub:org/name"); code != exitUsage || !strings.Contains(stderr, "hub:org/name:test, hub:org/name:train") {
		t.Errorf("which split? exit %d, %s", code, stderr)
	}
	if code, _, stderr := run("data", "check", "hub:name"); code != exitUsage || !strings.Contains(stderr, "hub:ORG/NAME") {
		t.Errorf("a bad name: exit %d, %s", code, stderr)
	}
	if code, _, stderr := run("data", "check", "hub:org/other"); code != exitFailed || !strings.Contains(stderr, "there is no public org/other") {
		t.Errorf("an unknown repository: exit %d, %s", code, stderr)
	}
	server.DropAfter, server.Drops = 5000, 1
	code, stdout, stderr := run("data", "check", "hub:org/name:train")
	if code != exitDone || !strings.Contains(stdout, "MATH, 100 problems") || !strings.Contains(stdout, "100 of 100 gold answers hold") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if !strings.Contains(stdout, "99 of 100 rows repeat a question") {
		t.Errorf("it repeats questions: %s", stdout)
	}
	path := filepath.Join(home, "hub", "datasets--org--name", "snapshots", hubtest.Commit, "train.jsonl")
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	server.Requests()
	if code, again, stderr := run("data", "check", "hub:org/name:train"); code != exitDone || again != stdout || len(server.Requests()) > 0 {
		t.Errorf("offline: exit %d, %s%s", code, again, stderr)
	}
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1")
	if code, again, stderr := run("data", "check", "hub:org/name:train"); code != exitDone || again != stdout || !strings.Contains(stderr, "taking the cached one") {
		t.Errorf("without a network: exit %d, %s%s", code, again, stderr)
	}
}
