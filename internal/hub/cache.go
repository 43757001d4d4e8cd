package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

// in is a path in the repository's folder.
func (s *Snapshot) in(parts ...string) string {
	return filepath.Join(append([]string{s.client.Cache, s.Repo.folder()}, parts...)...)
}

// path is a file's place in the snapshot.
func (s *Snapshot) path(file string) string {
	return s.in("snapshots", s.Commit, filepath.FromSlash(file))
}

func (s *Snapshot) readRef() (string, bool) {
	text, err := os.ReadFile(s.in("refs", filepath.FromSlash(s.Repo.Revision)))
	commit := strings.TrimSpace(string(text))
	return commit, err == nil && commitName.MatchString(commit)
}

func (s *Snapshot) writeRef(commit string) error {
	return write(s.in("refs", filepath.FromSlash(s.Repo.Revision)), []byte(commit))
}

// write replaces a file, so that it is old or new and never a part.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the Hub's cache: %w: set HF_HOME to a folder that can be written", err)
	}
	if err := renameio.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("write the Hub's cache: %w", err)
	}
	return nil
}

// tree is the listing of a commit as huggingface_hub keeps it.
type tree struct {
	Version int                  `json:"format_version"`
	Files   map[string]treeEntry `json:"files"`
}

type treeEntry struct {
	Size   int64  `json:"size"`
	BlobID string `json:"blob_id"`
	SHA256 string `json:"lfs_sha256,omitempty"`
	Large  int64  `json:"lfs_size,omitempty"`
}

const treeVersion = 1

func (s *Snapshot) readTree() ([]File, error) {
	text, err := os.ReadFile(s.in("trees", s.Commit+".json"))
	if err != nil {
		return nil, err
	}
	var t tree
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, err
	}
	if t.Version != treeVersion {
		return nil, fmt.Errorf("the cached listing has format %d, not %d", t.Version, treeVersion)
	}
	var files []File
	for _, path := range slices.Sorted(maps.Keys(t.Files)) {
		e := t.Files[path]
		f := File{Path: path, Size: e.Size, BlobID: e.BlobID, SHA256: e.SHA256}
		if err := f.check(); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// forgetTree has the listing asked for again: it can be what was wrong.
func (s *Snapshot) forgetTree() error {
	err := os.Remove(s.in("trees", s.Commit+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Snapshot) writeTree() error {
	t := tree{Version: treeVersion, Files: map[string]treeEntry{}}
	for _, f := range s.Files {
		e := treeEntry{Size: f.Size, BlobID: f.BlobID, SHA256: f.SHA256}
		if f.SHA256 != "" {
			e.Large = f.Size
		}
		t.Files[f.Path] = e
	}
	text, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return write(s.in("trees", s.Commit+".json"), text)
}

// cachedFiles lists what the cache holds of the commit, where no listing is to be had.
func (s *Snapshot) cachedFiles() ([]File, error) {
	root := s.in("snapshots", s.Commit)
	var files []File
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(root, path)
		files = append(files, File{Path: filepath.ToSlash(below)})
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the Hub cannot be asked, and %s does not hold commit %s", s.client.Cache, s.Commit)
	}
	return files, err
}

// link lets the snapshot's file lead to its blob.
func (s *Snapshot) link(f File) error {
	path := s.path(f.Path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(path), s.in("blobs", f.hash()))
	if err != nil {
		return err
	}
	return renameio.Symlink(target, path)
}

// lock keeps other processes from the same blob, with the file that huggingface_hub
// locks. It waits for them, unless the context ends.
func (s *Snapshot) lock(ctx context.Context, hash string) (unlock func(), err error) {
	path := filepath.Join(s.client.Cache, ".locks", s.Repo.folder(), hash+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil //nolint:errcheck // closing unlocks; nothing was written
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close() //nolint:errcheck // the other error says more
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if err := wait(ctx, 200*time.Millisecond); err != nil {
			f.Close() //nolint:errcheck // the other error says more
			return nil, err
		}
	}
}
