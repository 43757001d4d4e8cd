// Package parquetfile opens parquet files, and refuses those that the library reads wrongly.
package parquetfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// ErrLZ4 is of a file that is compressed with LZ4_RAW. Where parquet-go v0.32 guesses that a
// page needs a longer buffer than it does, it unpacks the page there, and reads from the
// shorter one what other pages left in it.
var ErrLZ4 = errors.New("it is compressed with LZ4, which cannot be read here: write it again with snappy or zstd")

// Open reads a file's metadata. Its errors are the library's, and ErrLZ4.
func Open(r io.ReaderAt, size int64) (*parquet.File, error) {
	file, err := parquet.OpenFile(r, size)
	if err != nil {
		return nil, err
	}
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			if column.MetaData.Codec == format.Lz4Raw {
				return nil, ErrLZ4
			}
		}
	}
	return file, nil
}
