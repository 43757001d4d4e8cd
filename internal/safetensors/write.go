package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/google/renameio/v2"
)

// Write writes a safetensors file. It replaces path atomically: a crash leaves
// the old file or the new one. The bytes depend on the tensors and the metadata
// alone: data lie in the order of names, after those of wider element types, so
// that every tensor is aligned. "format": "pt", without which transformers
// refuses a file, is added to metadata that have no format.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	return WriteEach(path, tensors, metadata, func(t Tensor) ([]byte, error) { return t.Data, nil })
}

// WriteEach is Write for tensors whose Data are asked for one by one, so that they need not
// be in memory all at once. What data returns is used before it is called again.
func WriteEach(path string, tensors []Tensor, metadata map[string]string, data func(t Tensor) ([]byte, error)) error {
	if err := write(path, tensors, metadata, data); err != nil {
		return fmt.Errorf("write safetensors file %s: %w", path, err)
	}
	return nil
}

func write(path string, tensors []Tensor, metadata map[string]string, data func(t Tensor) ([]byte, error)) error {
	sorted := slices.SortedFunc(slices.Values(tensors), inFile)
	if err := checkTensors(sorted); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // does nothing once the file is in place
	if err := encode(f, sorted, metadata, data); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// inFile orders tensors as their data lie in a file.
func inFile(a, b Tensor) int {
	return cmp.Or(cmp.Compare(dtypeSizes[b.DType], dtypeSizes[a.DType]), cmp.Compare(a.Name, b.Name))
}

func checkTensors(tensors []Tensor) error {
	seen := map[string]bool{}
	for _, t := range tensors {
		_, err := byteLength(t.DType, t.Shape)
		switch {
		case err != nil:
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		case t.Name == "__metadata__" || !utf8.ValidString(t.Name):
			return fmt.Errorf("tensor %q: the format cannot hold this name", t.Name)
		case seen[t.Name]:
			return fmt.Errorf("tensor %q: the name is given twice", t.Name)
		}
		seen[t.Name] = true
	}
	return nil
}

// encode writes checked tensors that are in the order of their data.
func encode(w io.Writer, tensors []Tensor, metadata map[string]string, data func(t Tensor) ([]byte, error)) error {
	head, err := encodeHeader(tensors, metadata)
	if err != nil {
		return err
	}
	if len(head) > maxHeader {
		return fmt.Errorf("the header has %d bytes, above the format's limit of %d", len(head), maxHeader)
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	buffered.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) // errors stay until Flush
	buffered.Write(head)
	for _, t := range tensors {
		bytes, err := data(t)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if want, _ := byteLength(t.DType, t.Shape); want != int64(len(bytes)) {
			return fmt.Errorf("tensor %q: shape %v of %s needs %d bytes, got %d", t.Name, t.Shape, t.DType, want, len(bytes))
		}
		if _, err := buffered.Write(bytes); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	all := map[string]string{"format": "pt"}
	maps.Copy(all, metadata)
	for key, value := range all {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, errors.New("metadata must be UTF-8")
		}
	}
	var b bytes.Buffer
	b.WriteString(`{"__metadata__":`)
	if err := appendJSON(&b, all); err != nil {
		return nil, err
	}
	offset := int64(0)
	for _, t := range tensors {
		size, _ := byteLength(t.DType, t.Shape)
		end := offset + size
		b.WriteByte(',')
		if err := appendJSON(&b, t.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		shape := append([]int{}, t.Shape...) // a scalar's shape is [], never null
		if err := appendJSON(&b, entry{DType: t.DType, Shape: shape, Offsets: []int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

func appendJSON(b *bytes.Buffer, v any) error {
	text, err := json.Marshal(v)
	b.Write(text)
	return err
}
