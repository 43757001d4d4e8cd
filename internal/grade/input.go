package grade

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// Fields names a row's parts. A dot leads into a nested object: reward_model.ground_truth.
type Fields struct {
	Gold     string
	Response string
}

// Names that are looked for, in this order, where none is given.
var (
	GoldNames     = []string{"gold", "gold_answer", "answer", "ground_truth", "target", "reward_model.ground_truth"}
	ResponseNames = []string{"response", "prediction", "completion", "generation"}
)

const idName = "id"

// Input is an open file of rows.
type Input struct {
	name   string
	total  int
	fields Fields
	source source
	first  *record // read already, to see which fields there are
}

// source gives records one after the other; io.EOF ends them.
type source interface {
	next() (record, error)
	close() error
}

// record is a row that may be not yet parsed, so that workers can share that.
type record struct {
	file   string
	line   int    // of a JSONL file; 0: there are no lines
	number int    // 1-based row
	text   []byte // the line
	parsed *Row   // or what was read
	size   int    // what it adds to the progress: bytes, or 1
}

func (r record) where() string {
	if r.line == 0 {
		return fmt.Sprintf("%s: row %d", r.file, r.number)
	}
	return fmt.Sprintf("%s:%d", r.file, r.line)
}

// Open opens a JSONL or parquet file, told apart by their first bytes, or reads JSONL
// from stdin if path is "-". A name that is empty in wanted is looked for in the first
// row, or in the parquet schema.
func Open(path string, stdin io.Reader, wanted Fields) (*Input, error) {
	if path == "-" {
		return openJSONL(&Input{name: "standard input"}, io.NopCloser(stdin), wanted)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("grade: %w", err)
	}
	in, err := openFile(f, path, wanted)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
}

func openFile(f *os.File, path string, wanted Fields) (*Input, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("grade: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("grade %s: it is a folder: name a JSONL or parquet file", path)
	}
	in := &Input{name: path, total: int(info.Size())}
	if !info.Mode().IsRegular() {
		return openJSONL(in, f, wanted)
	}
	magic := make([]byte, len(parquetMagic))
	if n, _ := f.ReadAt(magic, 0); string(magic[:n]) == parquetMagic {
		return openParquet(in, f, info.Size(), wanted)
	}
	return openJSONL(in, f, wanted)
}

// Fields tells which fields are read.
func (in *Input) Fields() Fields { return in.fields }

// Total is the size of the input in the unit of Job.Progress; 0: not known.
func (in *Input) Total() int { return in.total }

// Close closes the file. It may be called once Run has returned.
func (in *Input) Close() error { return in.source.close() }

func (in *Input) next() (record, error) {
	if r := in.first; r != nil {
		in.first = nil
		return *r, nil
	}
	return in.source.next()
}

// resolve names the fields to read, given what a row has.
func (wanted Fields) resolve(has func(string) bool, keys []string) (Fields, error) {
	gold, err := choose(wanted.Gold, "gold answer", "--gold-field", GoldNames, has, keys)
	if err != nil {
		return Fields{}, err
	}
	response, err := choose(wanted.Response, "response", "--response-field", ResponseNames, has, keys)
	return Fields{Gold: gold, Response: response}, err
}

func choose(wanted, what, flag string, names []string, has func(string) bool, keys []string) (string, error) {
	slices.Sort(keys)
	list := strings.Join(keys, ", ")
	if wanted != "" {
		if !has(wanted) {
			return "", fmt.Errorf("there is no field %q: did you mean %q? (fields: %s)", wanted, nearest.To(wanted, keys), list)
		}
		return wanted, nil
	}
	if i := slices.IndexFunc(names, has); i >= 0 {
		return names[i], nil
	}
	return "", fmt.Errorf("no field is the %s: name one of its fields with %s (fields: %s)", what, flag, list)
}

// Text reads a field's value, which is valid JSON: a text, or a number in its digits. The
// name is for errors.
func Text(value json.RawMessage, name string) (string, error) {
	if len(value) == 0 {
		return "", fmt.Errorf("there is no field %q: it is needed", name)
	}
	switch c := value[0]; {
	case c == '"':
		return unquote(value), nil
	case c == '-' || c >= '0' && c <= '9':
		return string(value), nil
	case c == 'n':
		return "", fmt.Errorf("%q is null: write a text, an empty one if there is nothing", name)
	}
	return "", fmt.Errorf("%q is %s: it must be a text or a number", name, kind(value))
}

func kind(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return string(value)
}

// Identity is a row's id: a JSON scalar as it stands, or, without one, the row's number.
func Identity(value json.RawMessage, number int) (json.RawMessage, error) {
	switch {
	case len(value) == 0 || value[0] == 'n':
		return strconv.AppendInt(nil, int64(number), 10), nil
	case value[0] == '{' || value[0] == '[':
		return nil, fmt.Errorf("%q is %s: it must be a text, a number, true or false", idName, kind(value))
	}
	return value, nil
}

// valid replaces bytes that are not UTF-8, as JSON decoders do.
func valid(line []byte) []byte {
	if utf8.Valid(line) {
		return line
	}
	return bytes.ToValidUTF8(line, []byte("\uFFFD"))
}
