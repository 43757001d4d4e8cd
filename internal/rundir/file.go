package rundir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"

	"github.com/google/renameio/v2"
)

// ReadJSON reads a file of one JSON value; keys that v does not have are errors.
func ReadJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// WriteJSON replaces the file at path with v as indented JSON, atomically. Its
// folder is made if there is none.
func WriteJSON(path string, v any) error {
	return replace(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

// WriteLines replaces the file at path with one JSON value a line, atomically.
// Its folder is made if there is none.
func WriteLines[T any](path string, lines iter.Seq[T]) error {
	return replace(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for line := range lines {
			if err := e.Encode(line); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeFile(path string, content []byte) error {
	return replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// replace writes beside path, syncs and renames, so that path holds the old
// content or the new and never a part of it.
func replace(path string, write func(io.Writer) error) error {
	if err := replaceFile(path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func replaceFile(path string, write func(io.Writer) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := removeLeftovers(folder, filepath.Base(path)); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(folder), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // does nothing once the file is in place
	buffered := bufio.NewWriter(f)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// removeLeftovers removes what a process killed while it replaced a file left beside it.
func removeLeftovers(folder, base string) error {
	leftover := regexp.MustCompile(`^\.` + regexp.QuoteMeta(base) + `\d+$`) // renameio's names
	return removeMatching(folder, leftover)
}

func removeMatching(folder string, name *regexp.Regexp) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !name.MatchString(entry.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
