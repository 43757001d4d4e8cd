package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/negativa-lab/negativa/internal/parquetfile"
)

// parquetMagic begins every parquet file.
const parquetMagic = "PAR1"

// table is a source of the rows of a parquet file.
type table struct {
	name   string
	file   *os.File
	groups []parquet.RowGroup // not yet begun
	rows   parquet.Rows       // of the group at hand
	buffer []parquet.Row
	ready  []parquet.Row // read and not yet given
	number int
	id     leaf
	gold   leaf
	answer leaf
	fields Fields
}

func openParquet(in *Input, f *os.File, size int64, wanted Fields) (*Input, error) {
	var file *parquet.File
	err := guarded(func() (err error) {
		file, err = parquetfile.Open(f, size)
		return err
	})
	if errors.Is(err, parquetfile.ErrLZ4) {
		return nil, fmt.Errorf("grade %s: %w", in.name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("grade %s: it begins as parquet and cannot be read as such, perhaps it is cut off: %w", in.name, err)
	}
	if file.NumRows() == 0 {
		return nil, fmt.Errorf("grade %s: there are no rows in it", in.name)
	}
	columns := columnsOf(file.Schema())
	has := func(name string) bool { _, ok := columns[name]; return ok }
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	if in.fields, err = wanted.resolve(has, names); err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	t := &table{
		name: in.name, file: f, groups: file.RowGroups(), buffer: make([]parquet.Row, 64),
		id: leaf{index: -1}, gold: columns[in.fields.Gold], answer: columns[in.fields.Response], fields: in.fields,
	}
	if has(idName) {
		t.id = columns[idName]
	}
	in.total, in.source = int(file.NumRows()), t
	return in, nil
}

// columnsOf lists the columns that have one value a row, by their paths.
func columnsOf(schema *parquet.Schema) map[string]leaf {
	columns := map[string]leaf{}
	for _, path := range schema.Columns() {
		if column, ok := schema.Lookup(path...); ok && column.MaxRepetitionLevel == 0 {
			columns[strings.Join(path, ".")] = leafOf(column)
		}
	}
	return columns
}

func (t *table) close() error {
	var err error
	if t.rows != nil {
		err = t.rows.Close()
	}
	return errors.Join(err, t.file.Close())
}

func (t *table) next() (record, error) {
	for len(t.ready) == 0 {
		if err := guarded(t.fill); err != nil {
			if errors.Is(err, io.EOF) {
				return record{}, io.EOF
			}
			return record{}, fmt.Errorf("read %s after row %d: the file is damaged: %w", t.name, t.number, err)
		}
	}
	t.number++
	r := record{file: t.name, number: t.number, size: 1}
	row, err := t.row(t.ready[0])
	t.ready = t.ready[1:]
	if err != nil {
		return r, fmt.Errorf("%s: %w", r.where(), err)
	}
	r.parsed = &row
	return r, nil
}

// fill reads some rows, or begins the next group.
func (t *table) fill() error {
	if t.rows == nil {
		if len(t.groups) == 0 {
			return io.EOF
		}
		t.rows, t.groups = t.groups[0].Rows(), t.groups[1:]
	}
	n, err := t.rows.ReadRows(t.buffer)
	t.ready = t.buffer[:n]
	if n > 0 && errors.Is(err, io.EOF) {
		return nil // rows are valid until the group is closed: the next call closes it
	}
	if errors.Is(err, io.EOF) {
		rows := t.rows
		t.rows = nil
		return rows.Close()
	}
	return err
}

// guarded turns a panic on a damaged file into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}

func (t *table) row(values parquet.Row) (row Row, err error) {
	row.Number = t.number
	cell := func(column leaf) json.RawMessage {
		for _, v := range values {
			if v.Column() == column.index {
				return column.encode(v)
			}
		}
		return nil
	}
	if row.ID, err = Identity(cell(t.id), t.number); err != nil {
		return row, err
	}
	if row.Gold, err = Text(cell(t.gold), t.fields.Gold); err != nil {
		return row, err
	}
	row.Response, err = Text(cell(t.answer), t.fields.Response)
	return row, err
}
