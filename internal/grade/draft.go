package grade

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Draft is an output file that is not whole yet. It is written beside its place and moved
// there when it is, so that a file that is there is whole, and what a killed run wrote is
// there for the next one.
type Draft struct {
	path string
	file *os.File
	kept int64 // bytes of whole lines that an earlier run wrote
}

const draftSuffix = ".partial"

const conditionsSuffix = ".conditions"

// OpenDraft begins the file at path, or goes on with what an earlier run wrote of it; a
// last line that was cut off is dropped. The conditions are a line of text, kept beside the
// draft, with all that its lines depend on beside the input: a draft that was begun under
// others is an error, and so is a file that is there already.
func OpenDraft(path, conditions string) (*Draft, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = errors.New("it is there already: remove it, or name another file")
		}
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	file, err := os.OpenFile(path+draftSuffix, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	d := &Draft{path: path, file: file}
	err = d.keepWhole()
	if err == nil {
		err = d.sameConditions(conditions)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("continue %s: %w", file.Name(), err), file.Close())
	}
	return d, nil
}

// sameConditions notes under which conditions lines are written, and refuses to go on with
// those that were written under others: one file would hold the verdicts of two graders.
func (d *Draft) sameConditions(now string) error {
	path := d.file.Name() + conditionsSuffix
	if d.kept == 0 {
		return renameio.WriteFile(path, []byte(now+"\n"), 0o644)
	}
	before, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("how its lines were graded is not known, as there is no %s: remove it", path)
	case err != nil:
		return err
	case string(before) != now+"\n":
		return fmt.Errorf("its lines were graded otherwise (%s; now %s): remove it, or grade as before", bytes.TrimSpace(before), now)
	}
	return nil
}

// keepWhole drops what follows the last line end and goes to where it was.
func (d *Draft) keepWhole() error {
	end, err := d.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for end > 0 {
		from := max(end-int64(len(block)), 0)
		part := block[:end-from]
		if _, err := d.file.ReadAt(part, from); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			end = from + int64(i) + 1
			break
		}
		end = from
	}
	d.kept = end
	if err := d.file.Truncate(end); err != nil {
		return err
	}
	_, err = d.file.Seek(end, io.SeekStart)
	return err
}

// Previous gives the lines that an earlier run wrote; nil: there are none.
func (d *Draft) Previous() *Lines {
	if d.kept == 0 {
		return nil
	}
	return NewLines(d.file.Name(), io.NewSectionReader(d.file, 0, d.kept))
}

// Write appends whole lines.
func (d *Draft) Write(lines []byte) (int, error) { return d.file.Write(lines) }

// Finish puts the file in its place.
func (d *Draft) Finish() error {
	err := errors.Join(d.file.Sync(), d.file.Close())
	if err == nil {
		err = os.Rename(d.file.Name(), d.path)
	}
	if err == nil {
		err = os.Remove(d.file.Name() + conditionsSuffix)
	}
	if err != nil {
		return fmt.Errorf("finish %s: %w", d.path, err)
	}
	return syncFolder(filepath.Dir(d.path))
}

// Close leaves what was written to a later run.
func (d *Draft) Close() error { return d.file.Close() }

// syncFolder makes a renaming last. Systems that cannot sync a folder need not.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return nil
	}
	_ = folder.Sync()
	return folder.Close()
}
