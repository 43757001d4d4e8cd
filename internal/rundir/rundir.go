// Package rundir is the contract between what makes a run and what reads one: the
// layout of a run's folder, and how it is written so that a process killed at any
// instant leaves nothing half-written in sight.
//
//	config.yaml            the resolved config
//	environment.json       the program and machine that ran
//	metrics.jsonl          one line a step
//	rollouts/step-N.jsonl  samples with verdicts
//	eval/NAME.jsonl, .json samples and results of an evaluation
//	checkpoints/step-N/    what a policy and its optimizer need to go on
//	summary.json           results, once there are some
//
// A folder has one writer at a time; readers may come at any time.
package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const (
	configFile      = "config.yaml"
	environmentFile = "environment.json"
	metricsFile     = "metrics.jsonl"
	summaryFile     = "summary.json"
)

// Dir is a run's folder.
type Dir struct{ path string }

// Create makes a run's folder at path, which must be absent or empty, and writes
// config.yaml and environment.json there.
func Create(path string, config []byte, environment Environment) (*Dir, error) {
	d := &Dir{path}
	if err := d.create(config, environment); err != nil {
		return nil, fmt.Errorf("create run directory %s: %w", path, err)
	}
	return d, nil
}

// create writes config.yaml last: where it is, the folder is a run.
func (d *Dir) create(config []byte, environment Environment) error {
	if err := d.checkEmpty(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return err
	}
	if err := WriteJSON(d.Path(environmentFile), environment); err != nil {
		return err
	}
	return writeFile(d.Path(configFile), config)
}

func (d *Dir) checkEmpty() error {
	entries, err := os.ReadDir(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	case d.isRun():
		return fmt.Errorf("it holds a run already: choose another folder, or delete this one: %w", fs.ErrExist)
	}
	return fmt.Errorf("it is not empty (it holds %s) and not a run: choose another folder: %w", entries[0].Name(), fs.ErrExist)
}

// Open opens the folder of an existing run.
func Open(path string) (*Dir, error) {
	d := &Dir{path}
	if !d.isRun() {
		return nil, fmt.Errorf("open run directory %s: it is not a run (no %s and %s in it): name the folder that train or demo wrote: %w",
			path, configFile, environmentFile, fs.ErrNotExist)
	}
	return d, nil
}

func (d *Dir) isRun() bool {
	return isFile(d.Path(configFile)) && isFile(d.Path(environmentFile))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Path is the path of something in the folder, or of the folder itself.
func (d *Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// Rollouts is the path of the samples of a training step.
func (d *Dir) Rollouts(step int) string {
	return d.Path("rollouts", stepName(step)+".jsonl")
}

// Checkpoint is the path of the checkpoint of a training step.
func (d *Dir) Checkpoint(step int) string { return d.Path("checkpoints", stepName(step)) }

// Eval is the path of a file of the evaluations' folder.
func (d *Dir) Eval(name string) string { return d.Path("eval", name) }

// WriteSummary replaces summary.json.
func (d *Dir) WriteSummary(summary any) error {
	return WriteJSON(d.Path(summaryFile), summary)
}

// Config returns the bytes of config.yaml.
func (d *Dir) Config() ([]byte, error) { return os.ReadFile(d.Path(configFile)) }

// Environment returns what environment.json says.
func (d *Dir) Environment() (Environment, error) {
	var e Environment
	text, err := os.ReadFile(d.Path(environmentFile))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("read %s: %w: the file is damaged", d.Path(environmentFile), err)
	}
	return e, nil
}

func stepName(step int) string { return "step-" + strconv.Itoa(step) }
