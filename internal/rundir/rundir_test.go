package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newRun(t *testing.T) *Dir {
	t.Helper()
	d, err := Create(filepath.Join(t.TempDir(), "runs", "a"), []byte("task: countdown\n"), NewEnvironment(2, 7))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func writeTestFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCreateThenOpen(t *testing.T) {
	created := newRun(t)
	opened, err := Open(created.Path())
	if err != nil {
		t.Fatal(err)
	}
	if config, err := opened.Config(); err != nil || string(config) != "task: countdown\n" {
		t.Errorf("config %q, %v", config, err)
	}
	environment, err := opened.Environment()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(NewEnvironment(2, 7), environment); diff != "" {
		t.Error(diff)
	}
	if environment.Go != runtime.Version() || environment.Threads != 2 || environment.Seed != 7 || environment.Version == "" {
		t.Errorf("environment %+v", environment)
	}
}

func TestCreateTakesAnEmptyFolder(t *testing.T) {
	if _, err := Create(t.TempDir(), nil, Environment{}); err != nil {
		t.Error(err)
	}
}

func TestCreateRefuses(t *testing.T) {
	run := newRun(t)
	foreign := t.TempDir()
	writeTestFile(t, filepath.Join(foreign, "thesis.tex"), "irreplaceable")
	file := filepath.Join(t.TempDir(), "file")
	writeTestFile(t, file, "x")
	for _, c := range []struct{ name, path, want string }{
		{"run", run.Path(), "holds a run already"},
		{"foreign folder", foreign, "it holds thesis.tex"},
		{"file", file, "not a directory"},
		{"below a file", filepath.Join(file, "run"), "not a directory"},
	} {
		_, err := Create(c.path, []byte("other"), Environment{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: error %v, want the path and %q", c.name, err, c.want)
		}
	}
	if config, _ := run.Config(); string(config) != "task: countdown\n" {
		t.Errorf("a refused Create changed the config to %q", config)
	}
	if left, _ := os.ReadDir(foreign); len(left) != 1 {
		t.Errorf("a refused Create left %v", left)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("permissions do not bind root")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(folder, "run"), nil, Environment{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Create below it: %v, want a permission error", err)
	}
	if _, err := Create(folder, nil, Environment{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Create in it: %v, want a permission error", err)
	}
}

func TestOpenRefusesWhatIsNoRun(t *testing.T) {
	half := t.TempDir()
	writeTestFile(t, filepath.Join(half, configFile), "")
	for _, path := range []string{filepath.Join(t.TempDir(), "absent"), t.TempDir(), half} {
		if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s): %v", path, err)
		}
	}
}

func TestEnvironmentFeatures(t *testing.T) {
	got := trueFields(struct{ HasB, HasA, HasNot, Other bool }{HasB: true, HasA: true, Other: true})
	if diff := cmp.Diff([]string{"A", "B"}, got); diff != "" {
		t.Error(diff)
	}
}
