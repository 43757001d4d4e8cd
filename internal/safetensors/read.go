package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"
)

// Read reads a safetensors file into memory. The tensors' Data are parts of one
// slice. Errors name the file, the tensor and what to do.
func Read(path string) (*File, error) {
	file, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read safetensors file %s: %w", path, err)
	}
	return file, nil
}

func read(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return decode(f, info.Size())
}

// open opens a regular file.
func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file: name the .safetensors file itself", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// decode reads a file of a known size. Memory for tensors is taken only once the
// header is known to describe exactly the bytes that there are.
func decode(r io.Reader, size int64) (*File, error) {
	length, err := headerLength(r, size)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	h, err := parseHeader(raw)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	dataSize := size - 8 - length
	if err := h.check(dataSize); err != nil {
		return nil, err
	}
	data := make([]byte, dataSize)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("tensor data: %w", err)
	}
	return h.file(data), nil
}

func headerLength(r io.Reader, size int64) (int64, error) {
	if size < 8 {
		return 0, fmt.Errorf("%d bytes are too few for a safetensors file: it is truncated, copy or download it again", size)
	}
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return 0, err
	}
	if string(prefix[:]) == "version " {
		return 0, errors.New("this is a Git LFS pointer, not the file it stands for: run `git lfs pull`")
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader {
		return 0, fmt.Errorf("the header claims %d bytes, above the format's limit of %d: this is not a safetensors file", length, maxHeader)
	}
	if int64(length) > size-8 {
		return 0, fmt.Errorf("the header claims %d bytes but only %d follow: the file is truncated, copy or download it again", length, size-8)
	}
	return int64(length), nil
}

// header is the JSON header: an entry per tensor, in the order of the data.
type header struct {
	entries  []entry
	metadata map[string]string
}

type entry struct {
	name    string
	DType   DType   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // first byte and the byte after the last, counted from the header's end
}

// parseHeader reads the header and orders its entries by offset.
func parseHeader(raw []byte) (*header, error) {
	if len(raw) == 0 || raw[0] != '{' || !utf8.Valid(raw) {
		return nil, errors.New("not a JSON object in UTF-8: this is not a safetensors file, or it is damaged")
	}
	h := &header{}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := h.decode(d); err != nil {
		return nil, err
	}
	if rest := bytes.TrimSpace(raw[d.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the JSON object: the file is damaged, copy or download it again", len(rest))
	}
	slices.SortFunc(h.entries, func(a, b entry) int {
		return cmp.Or(slices.Compare(a.Offsets, b.Offsets), cmp.Compare(a.name, b.name))
	})
	return h, nil
}

// decode walks the object key by key because decoding into a map would hide a
// name that appears twice.
func (h *header) decode(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return badJSON(err)
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return badJSON(err)
		}
		name := key.(string) // the decoder yields only strings where an object has keys
		if seen[name] {
			return fmt.Errorf("the name %q appears twice: the writer of the file is broken", name)
		}
		seen[name] = true
		if err := h.decodeValue(d, name); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return badJSON(err)
	}
	return nil
}

func badJSON(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("not valid JSON (%w): the file is damaged, copy or download it again", err)
}

func (h *header) decodeValue(d *json.Decoder, name string) error {
	if name == "__metadata__" {
		if err := d.Decode(&h.metadata); err != nil {
			return fmt.Errorf("__metadata__: %w", badJSON(err))
		}
		return nil
	}
	e := entry{name: name}
	if err := d.Decode(&e); err != nil {
		return fmt.Errorf("tensor %q: %w", name, badJSON(err))
	}
	if e.DType == "" || e.Shape == nil || len(e.Offsets) != 2 {
		return fmt.Errorf("tensor %q: needs dtype, shape and two data_offsets: the writer of the file is broken", name)
	}
	h.entries = append(h.entries, e)
	return nil
}

// check makes sure that the entries cover the data exactly, each byte once.
func (h *header) check(dataSize int64) error {
	end := int64(0)
	for _, e := range h.entries {
		if err := e.check(end, dataSize); err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		end = e.Offsets[1]
	}
	if end != dataSize {
		return fmt.Errorf("%d bytes belong to no tensor (the last one ends at byte %d of %d): the file is damaged, copy or download it again",
			dataSize-end, end, dataSize)
	}
	return nil
}

// check compares an entry with where the previous one ended and how much data there is.
func (e entry) check(start, dataSize int64) error {
	first, last := e.Offsets[0], e.Offsets[1]
	switch {
	case first < 0 || last < first:
		return fmt.Errorf("data_offsets %v are not a range: the writer of the file is broken", e.Offsets)
	case last > dataSize:
		return fmt.Errorf("data_offsets %v reach beyond the %d bytes of data: the file is truncated, copy or download it again", e.Offsets, dataSize)
	case first < start:
		return fmt.Errorf("data_offsets %v overlap the tensor before, which ends at %d: the writer of the file is broken", e.Offsets, start)
	case first > start:
		return fmt.Errorf("data_offsets %v leave a hole after byte %d: the writer of the file is broken", e.Offsets, start)
	}
	want, err := byteLength(e.DType, e.Shape)
	if err != nil {
		return err
	}
	if want != last-first {
		return fmt.Errorf("shape %v of %s needs %d bytes but data_offsets %v give %d: the writer of the file is broken",
			e.Shape, e.DType, want, e.Offsets, last-first)
	}
	return nil
}

func (h *header) file(data []byte) *File {
	f := &File{Metadata: h.metadata}
	for _, e := range h.entries {
		first, last := e.Offsets[0], e.Offsets[1]
		f.Tensors = append(f.Tensors, Tensor{Name: e.name, DType: e.DType, Shape: e.Shape, Data: data[first:last:last]})
	}
	slices.SortFunc(f.Tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return f
}
