// Package report turns a run directory into what people read: tables for a terminal,
// pictures (SVG), and one HTML page that holds everything and needs no network.
//
// It reads files and writes files: a run can be reported again at any time.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa/internal/rundir"
)

// Write makes the page of a run's folder, report.html, and its pictures, and returns the
// page's path. A folder with a summary.json is a comparison of objectives; any other run
// is told from its metrics and evaluations.
func Write(dir string) (page string, err error) {
	run, err := rundir.Open(dir)
	if err != nil {
		return "", err
	}
	d, err := documentOf(run)
	if err != nil {
		return "", fmt.Errorf("report %s: %w", dir, err)
	}
	for _, f := range d.Figures {
		if err := replaceFile(run.Path(f.Name+".svg"), []byte(f.SVG)); err != nil {
			return "", err
		}
	}
	html, err := d.html()
	if err != nil {
		return "", fmt.Errorf("report %s: %w", dir, err)
	}
	page = run.Path("report.html")
	return page, replaceFile(page, html)
}

func documentOf(run *rundir.Dir) (document, error) {
	environment, err := run.Environment()
	if err != nil {
		return document{}, err
	}
	config, err := run.Config()
	if err != nil {
		return document{}, err
	}
	d, err := comparison(run)
	if errors.Is(err, fs.ErrNotExist) {
		d, err = training(run)
	}
	if err != nil {
		return document{}, err
	}
	d.Config = string(config)
	d.Machine = fmt.Sprintf("negativa %s, %s, %s/%s, %d threads", environment.Version, environment.Go, environment.OS, environment.Arch, environment.Threads)
	return d, nil
}

func comparison(run *rundir.Dir) (document, error) {
	s, err := ReadSummary(run.Path("summary.json"))
	if err != nil {
		return document{}, err
	}
	return s.document()
}

// ReadSummary reads the summary.json that a comparison of objectives left.
func ReadSummary(path string) (Summary, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Summary{}, fmt.Errorf("read summary: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read summary %s: %w", path, err)
	}
	if len(s.Base.PassAtK) == 0 || len(s.Objectives) == 0 {
		return s, fmt.Errorf("read summary %s: it has no base or no objectives with pass@k: run the demo again", path)
	}
	return s, nil
}

func replaceFile(path string, content []byte) error {
	if err := renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
