package grade

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxLine bounds a line, so that a file without line ends is an error and not a filled
// memory.
const maxLine = 64 << 20

// Lines reads a file line by line, without those that are blank.
type Lines struct {
	name    string
	scanner *bufio.Scanner
	number  int // of the line read last
	size    int // of the lines since the one before, in bytes
}

// NewLines reads lines of at most 64 MiB. The name is for errors.
func NewLines(name string, r io.Reader) *Lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxLine)
	return &Lines{name: name, scanner: s}
}

// next returns the next line, which is the caller's; io.EOF ends them.
func (l *Lines) next() ([]byte, error) {
	l.size = 0
	for l.scanner.Scan() {
		l.number++
		line := l.scanner.Bytes()
		l.size += len(line) + 1
		if l.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return bytes.Clone(valid(line)), nil
		}
	}
	err := l.scanner.Err()
	switch {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: the line is longer than %d MiB: write one JSON object a line", l.name, l.number+1, maxLine>>20)
	}
	return nil, fmt.Errorf("read %s after line %d: %w", l.name, l.number, err)
}

// jsonl is a source of JSON objects, one a line.
type jsonl struct {
	lines *Lines
	file  io.Closer
	row   int
}

func openJSONL(in *Input, r io.ReadCloser, wanted Fields) (*Input, error) {
	in.source = &jsonl{lines: NewLines(in.name, r), file: r}
	first, err := in.source.next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("grade %s: there is nothing in it", in.name)
	}
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(first.text, []byte(parquetMagic)) {
		return nil, fmt.Errorf("%s: this is parquet, which cannot be read from its beginning on: save it and name the file", in.name)
	}
	fields, err := detect(first.text, wanted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", first.where(), err)
	}
	in.first, in.fields = &first, fields
	return in, nil
}

func detect(line []byte, wanted Fields) (Fields, error) {
	object, err := parseObject(line)
	if err != nil {
		return Fields{}, err
	}
	has := func(name string) bool { return lookup(object, name) != nil }
	return wanted.resolve(has, slices.Collect(maps.Keys(object)))
}

func (s *jsonl) close() error { return s.file.Close() }

func (s *jsonl) next() (record, error) {
	line, err := s.lines.next()
	if err != nil {
		return record{}, err
	}
	s.row++
	return record{file: s.lines.name, line: s.lines.number, number: s.row, text: line, size: s.lines.size}, nil
}

// row reads a record's parts.
func (r record) row(f Fields) (Row, error) {
	if r.parsed != nil {
		return *r.parsed, nil
	}
	object, err := parseObject(r.text)
	if err != nil {
		return Row{}, err
	}
	row := Row{Number: r.number}
	if row.ID, err = Identity(object[idName], r.number); err != nil {
		return Row{}, err
	}
	if row.Gold, err = Text(lookup(object, f.Gold), f.Gold); err != nil {
		return Row{}, err
	}
	row.Response, err = Text(lookup(object, f.Response), f.Response)
	return row, err
}

// lookup finds a field by its name, or by a path of names joined by dots; nil: there is
// none.
func lookup(object map[string]json.RawMessage, name string) json.RawMessage {
	if value, ok := object[name]; ok {
		return value
	}
	outer, inner, nested := strings.Cut(name, ".")
	value, ok := object[outer]
	if !nested || !ok {
		return nil
	}
	below, err := parseObject(value)
	if err != nil {
		return nil
	}
	return lookup(below, inner)
}
