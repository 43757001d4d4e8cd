package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// The files of a model folder: all tensors in one, or shards with an index.
const (
	SingleFile = "model.safetensors"
	IndexFile  = SingleFile + ".index.json"
)

// Folder is the tensors of a model folder, in one file or in shards. Their Data are
// mapped into memory and read where they are used; they are gone after Close. A file
// must not be changed while it is open: replace it by another.
type Folder struct {
	tensors map[string]part
	files   []*mapped
}

// mapped is one open file.
type mapped struct {
	name  string
	data  []byte
	unmap func() error
}

type part struct {
	Tensor
	file *mapped
}

// OpenFolder opens model.safetensors, or the shards that model.safetensors.index.json
// lists. Every tensor must be where the index says, and in one file only.
func OpenFolder(dir string) (*Folder, error) {
	f := &Folder{tensors: map[string]part{}}
	if err := f.open(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Folder) open(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, IndexFile))
	if _, single := os.Stat(filepath.Join(dir, SingleFile)); single == nil || errors.Is(err, fs.ErrNotExist) {
		return f.add(dir, SingleFile) // as transformers does, one file comes before an index
	}
	if err != nil {
		return err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(dir, IndexFile), err)
	}
	if len(index.WeightMap) == 0 {
		return fmt.Errorf("read %s: weight_map names no tensor: download the file again", filepath.Join(dir, IndexFile))
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(index.WeightMap))) {
		if err := f.shard(dir, name); err != nil {
			return err
		}
	}
	for _, tensor := range slices.Sorted(maps.Keys(index.WeightMap)) {
		if at, ok := f.tensors[tensor]; !ok || at.file.name != index.WeightMap[tensor] {
			return fmt.Errorf("read %s: tensor %s is not in shard %s, where the index says it is: download both again",
				dir, tensor, index.WeightMap[tensor])
		}
	}
	return nil
}

// shard adds a file that the index names. An index is untrusted: its files lie in the
// folder.
func (f *Folder) shard(dir, name string) error {
	if name != filepath.Base(name) || !filepath.IsLocal(name) {
		return fmt.Errorf("read %s: shard %q does not lie in the folder", filepath.Join(dir, IndexFile), name)
	}
	err := f.add(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("shard %s, which %s names, is missing: download it: %w", name, filepath.Join(dir, IndexFile), err)
	}
	return err
}

func (f *Folder) add(dir, name string) error {
	path := filepath.Join(dir, name)
	file, err := open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	data, unmap, err := mapFile(file, info.Size())
	if err != nil {
		return err
	}
	m := &mapped{name, data, unmap}
	f.files = append(f.files, m)
	parsed, err := parse(data)
	if err != nil {
		return fmt.Errorf("read safetensors file %s: %w", path, err)
	}
	for _, t := range parsed.Tensors {
		if other, twice := f.tensors[t.Name]; twice {
			return fmt.Errorf("read %s: tensor %s is in both %s and %s", dir, t.Name, other.file.name, name)
		}
		f.tensors[t.Name] = part{t, m}
	}
	return nil
}

// parse is decode for bytes that are there: tensors are parts of them.
func parse(data []byte) (*File, error) {
	size := int64(len(data))
	length, err := headerLength(bytes.NewReader(data), size)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(data[8 : 8+length])
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := h.check(size - 8 - length); err != nil {
		return nil, err
	}
	return h.file(data[8+length:]), nil
}

// Names lists the tensors, sorted.
func (f *Folder) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensor returns the tensor with a name, and whether there is one.
func (f *Folder) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t.Tensor, ok
}

// File is the name of the file that a tensor lies in.
func (f *Folder) File(name string) string {
	t, ok := f.tensors[name]
	if !ok {
		return ""
	}
	return t.file.name
}

// Forget lets the system take back the memory of a tensor that is not needed for now.
func (f *Folder) Forget(name string) error {
	t, ok := f.tensors[name]
	if !ok || len(t.Data) == 0 {
		return nil
	}
	return forget(t.file.data, t.Data)
}

// Close lets go of the files.
func (f *Folder) Close() error {
	var err error
	for _, m := range f.files {
		err = errors.Join(err, m.unmap())
	}
	f.files, f.tensors = nil, nil
	return err
}
