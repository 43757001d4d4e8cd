package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// freshFolder is the folder that was asked for, or else the first of runs/NAME,
// runs/NAME-2, … that does not exist.
func freshFolder(asked, name string) string {
	if asked != "" {
		return asked
	}
	path := filepath.Join("runs", name)
	for i := 2; ; i++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
		path = filepath.Join("runs", fmt.Sprintf("%s-%d", name, i))
	}
}

// checkFresh refuses a folder that has something in it; an empty name is no folder.
func checkFresh(path string) error {
	if path == "" {
		return nil
	}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("the folder %s is not empty (it holds %s): choose another, or empty it", path, entries[0].Name())
	}
	return nil
}
