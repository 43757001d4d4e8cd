package rundir

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Checkpoint is a finished checkpoint.
type Checkpoint struct {
	Step int
	Path string // its folder
}

// ErrNoCheckpoint is wrapped where a run has no finished checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint")

var unfinished = regexp.MustCompile(`^\.step-\d+$`)

// SaveCheckpoint makes checkpoints/step-N of what write puts in the folder it is
// given. That folder is renamed to its place only once write has returned without
// error and every byte is on disk, so a checkpoint that can be seen is whole. It
// removes what earlier saves that were killed left behind. A checkpoint is never
// overwritten.
func (d *Dir) SaveCheckpoint(step int, write func(dir string) error) error {
	if err := saveCheckpoint(d.Path("checkpoints"), step, write); err != nil {
		return fmt.Errorf("save checkpoint of step %d in %s: %w", step, d.Path("checkpoints"), err)
	}
	return nil
}

func saveCheckpoint(folder string, step int, write func(dir string) error) error {
	if step < 0 {
		return errors.New("a step cannot be negative")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := removeMatching(folder, unfinished); err != nil {
		return err
	}
	final := filepath.Join(folder, stepName(step))
	if _, err := os.Lstat(final); err == nil {
		return fmt.Errorf("%s: %w: checkpoints are never overwritten", final, fs.ErrExist)
	}
	aside := filepath.Join(folder, "."+stepName(step))
	if err := os.Mkdir(aside, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(aside) // nothing is there after the rename; before it, the next save removes it
	if err := write(aside); err != nil {
		return err
	}
	if err := syncTree(aside); err != nil {
		return err
	}
	if err := os.Rename(aside, final); err != nil {
		return err
	}
	return syncOne(folder)
}

// syncTree brings a folder and all it holds to disk.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder", path)
		}
		return syncOne(path)
	})
}

func syncOne(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Checkpoints lists the finished checkpoints in the order of their steps.
func (d *Dir) Checkpoints() ([]Checkpoint, error) {
	entries, err := os.ReadDir(d.Path("checkpoints"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var found []Checkpoint
	for _, entry := range entries {
		if step, ok := parseStep(entry.Name()); ok && entry.IsDir() {
			found = append(found, Checkpoint{step, d.Path("checkpoints", entry.Name())})
		}
	}
	slices.SortFunc(found, func(a, b Checkpoint) int { return cmp.Compare(a.Step, b.Step) })
	return found, nil
}

func parseStep(name string) (step int, ok bool) {
	digits, found := strings.CutPrefix(name, "step-")
	step, err := strconv.Atoi(digits)
	return step, found && err == nil && step >= 0 && name == stepName(step)
}

// LatestCheckpoint returns the finished checkpoint of the highest step, or an
// error that wraps ErrNoCheckpoint.
func (d *Dir) LatestCheckpoint() (Checkpoint, error) {
	all, err := d.Checkpoints()
	if err != nil {
		return Checkpoint{}, err
	}
	if len(all) == 0 {
		return Checkpoint{}, fmt.Errorf("run directory %s: %w: it ended before the first one was saved", d.path, ErrNoCheckpoint)
	}
	return all[len(all)-1], nil
}
