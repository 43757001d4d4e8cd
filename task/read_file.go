package task

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/negativa-lab/negativa/internal/parquetfile"
)

// input is a file, or all of standard input.
type input interface {
	io.ReadSeeker
	io.ReaderAt
}

// visit is called for each record in order.
type visit func(at place, r record) error

// readFile tells the format by its first bytes.
func readFile(name string, each visit) error {
	in, done, err := open(name)
	if err != nil {
		return err
	}
	defer done()
	buffered := bufio.NewReaderSize(in, 1<<16)
	head, line, err := firstBytes(buffered)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case bytes.Equal(head, []byte("PAR1")):
		err = readParquet(name, in, each)
	case len(head) > 0 && head[0] == '[':
		err = readArray(name, buffered, each)
	case len(head) > 0 && head[0] == '{':
		err = readLines(name, line, buffered, each)
	case len(head) == 0:
		err = fmt.Errorf("%s is empty", name)
	default:
		err = fmt.Errorf("%s is not parquet, JSON Lines or a JSON array (it begins with %q): unpack or convert it first", name, head)
	}
	return err
}

func open(name string) (input, func(), error) {
	if name == "-" {
		all, err := io.ReadAll(os.Stdin)
		return bytes.NewReader(all), func() {}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil //nolint:errcheck // it was only read
}

// firstBytes looks at up to four bytes behind white space and a byte order mark, which
// it consumes, and says on which line they stand.
func firstBytes(r *bufio.Reader) (head []byte, line int, err error) {
	if mark, _ := r.Peek(3); string(mark) == "\ufeff" {
		r.Discard(3) //nolint:errcheck // they were peeked at
	}
	for line = 1; ; {
		head, err := r.Peek(4)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, line, err
		}
		if len(head) == 0 || !bytes.ContainsRune([]byte(" \t\r\n"), rune(head[0])) {
			return head, line, nil
		}
		if head[0] == '\n' {
			line++
		}
		r.Discard(1) //nolint:errcheck // it was peeked at
	}
}

// readLines reads one JSON object a line; empty lines count and hold nothing.
func readLines(name string, row int, r *bufio.Reader, each visit) error {
	for ; ; row++ {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", name, row, err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			values, bad := decode(line)
			if bad != nil {
				return fmt.Errorf("%s:%d: a line must be one JSON object: %w", name, row, bad)
			}
			if err := each(place{name, row}, values); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// decode reads one object with its numbers as they are written.
func decode(line []byte) (record, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var r record
	if err := d.Decode(&r); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return r, nil
}

func readArray(name string, r io.Reader, each visit) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for row := 1; d.More(); row++ {
		var values record
		if err := d.Decode(&values); err != nil {
			if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
				err = fmt.Errorf("it is a JSON %s", mistyped.Value)
			}
			return fmt.Errorf("%s: entry %d of the array must be an object: %w", name, row, err)
		}
		if err := each(place{name, row}, values); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%s: the array does not end: %w", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: something follows the array: remove it, or write one object a line", name)
	}
	return nil
}

// readParquet reads rows as JSON would give them. The library panics on some damaged
// files, which are the user's and no mistake of the program.
func readParquet(name string, in input, each visit) (err error) {
	row := 0
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the parquet file is damaged at or behind row %d (%v): get it again", name, row+1, p)
		}
	}()
	size, err := in.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	file, err := parquetfile.Open(in, size)
	if errors.Is(err, parquetfile.ErrLZ4) {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		return fmt.Errorf("%s: the parquet file is damaged or cut off (%w): get it again", name, err)
	}
	if file.NumRows() == 0 {
		return nil // a group without rows cannot be read
	}
	rows := parquet.NewGenericReader[any](file)
	defer rows.Close() //nolint:errcheck // it was only read
	for batch := make([]any, 256); ; {
		n, err := rows.Read(batch)
		for _, values := range batch[:n] {
			row++
			r, _ := values.(map[string]any)
			if err := each(place{name, row}, r); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: the parquet file is damaged behind row %d (%w): get it again", name, row, err)
		}
	}
}
