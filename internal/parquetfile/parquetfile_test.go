package parquetfile_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/negativa-lab/negativa/internal/parquetfile"
)

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		codec compress.Codec
		want  error
	}{
		{&parquet.Uncompressed, nil},
		{&parquet.Snappy, nil},
		{&parquet.Zstd, nil},
		{&parquet.Gzip, nil},
		{&parquet.Brotli, nil},
		{&parquet.Lz4Raw, parquetfile.ErrLZ4},
	} {
		var out bytes.Buffer
		if err := parquet.Write(&out, []struct{ Question string }{{"1+1"}}, parquet.Compression(c.codec)); err != nil {
			t.Fatal(err)
		}
		if _, err := parquetfile.Open(bytes.NewReader(out.Bytes()), int64(out.Len())); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.codec, err, c.want)
		}
		if _, err := parquetfile.Open(bytes.NewReader(out.Bytes()), int64(out.Len()-1)); err == nil {
			t.Errorf("%s, cut off: no error", c.codec)
		}
	}
}
