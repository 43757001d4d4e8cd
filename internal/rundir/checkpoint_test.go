package rundir

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func save(t *testing.T, d *Dir, step int) {
	t.Helper()
	err := d.SaveCheckpoint(step, func(dir string) error {
		writeTestFile(t, filepath.Join(dir, "policy", "model.safetensors"), "weights")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckpoints(t *testing.T) {
	d := newRun(t)
	if _, err := d.LatestCheckpoint(); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("latest of none: %v", err)
	}
	for _, step := range []int{100, 0, 20} {
		save(t, d, step)
	}
	for _, name := range []string{"step-x", "step-007", "step--3", "best"} { // not ours
		writeTestFile(t, d.Path("checkpoints", name, "file"), "")
	}
	writeTestFile(t, d.Path("checkpoints", "step-999"), "a file, not a folder")
	got, err := d.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	want := []Checkpoint{
		{0, d.Path("checkpoints", "step-0")},
		{20, d.Path("checkpoints", "step-20")},
		{100, d.Path("checkpoints", "step-100")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if latest, err := d.LatestCheckpoint(); err != nil || latest != want[2] {
		t.Errorf("latest %v, %v", latest, err)
	}
	if content, err := os.ReadFile(filepath.Join(want[1].Path, "policy", "model.safetensors")); err != nil || string(content) != "weights" {
		t.Errorf("content %q, %v", content, err)
	}
}

func TestCheckpointIsNeverOverwritten(t *testing.T) {
	d := newRun(t)
	save(t, d, 5)
	err := d.SaveCheckpoint(5, func(string) error { t.Error("write was called"); return nil })
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want fs.ErrExist", err)
	}
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	d := newRun(t)
	save(t, d, 5)
	full := errors.New("disk full")
	err := d.SaveCheckpoint(6, func(dir string) error {
		writeTestFile(t, filepath.Join(dir, "model.safetensors"), "half")
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want the callback's", err)
	}
	if err := d.SaveCheckpoint(7, func(dir string) error { return os.Symlink("/", filepath.Join(dir, "link")) }); err == nil {
		t.Error("a link was taken into a checkpoint")
	}
	if err := d.SaveCheckpoint(-1, func(string) error { return nil }); err == nil {
		t.Error("a negative step was taken")
	}
	if got := names(t, d.Path("checkpoints")); !slices.Equal(got, []string{"step-5"}) {
		t.Errorf("left %v", got)
	}
}

const killedRun = "RUNDIR_TEST_KILLED_RUN"

// A process that dies inside a save leaves no checkpoint in sight, and the next
// save clears what it left out of sight.
func TestKilledWhileSaving(t *testing.T) {
	if path := os.Getenv(killedRun); path != "" {
		dieWhileSaving(t, path)
	}
	d := newRun(t)
	save(t, d, 5)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileSaving$")
	child.Env = append(os.Environ(), killedRun+"="+d.Path())
	if err := child.Run(); child.ProcessState.ExitCode() != 137 {
		t.Fatalf("the child ended with %v", err)
	}
	if got := names(t, d.Path("checkpoints")); len(got) != 2 {
		t.Fatalf("the child left %v: it did not die inside a save", got)
	}
	if latest, err := d.LatestCheckpoint(); err != nil || latest.Step != 5 {
		t.Errorf("latest %v, %v", latest, err)
	}
	save(t, d, 7)
	if got := names(t, d.Path("checkpoints")); !slices.Equal(got, []string{"step-5", "step-7"}) {
		t.Errorf("after the next save: %v", got)
	}
}

func dieWhileSaving(t *testing.T, path string) {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = d.SaveCheckpoint(6, func(dir string) error {
		writeTestFile(t, filepath.Join(dir, "model.safetensors"), "half")
		os.Exit(137)
		return nil
	})
	t.Fatal(err)
}
