package grade

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// leaf is a column of a parquet file with one value a row.
type leaf struct {
	index    int // -1: there is none
	unsigned bool
	decimal  bool
	scale    int // of a decimal: digits behind the point
}

func leafOf(column parquet.LeafColumn) leaf {
	l := leaf{index: column.ColumnIndex}
	if logical := column.Node.Type().LogicalType(); logical != nil {
		switch kind := logical.Value.(type) {
		case *format.IntType:
			l.unsigned = !kind.IsSigned
		case *format.DecimalType:
			l.decimal, l.scale = true, int(kind.Scale)
		}
	}
	return l
}

// encode writes a value as JSON would; a kind that has no plain form is an object.
func (l leaf) encode(v parquet.Value) json.RawMessage {
	switch {
	case v.IsNull():
		return json.RawMessage("null")
	case l.decimal:
		return json.RawMessage(pointed(unscaled(v), l.scale))
	}
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(nil, v.Boolean())
	case parquet.Int32:
		if l.unsigned {
			return strconv.AppendUint(nil, uint64(v.Uint32()), 10)
		}
		return strconv.AppendInt(nil, int64(v.Int32()), 10)
	case parquet.Int64:
		if l.unsigned {
			return strconv.AppendUint(nil, v.Uint64(), 10)
		}
		return strconv.AppendInt(nil, v.Int64(), 10)
	case parquet.Float:
		return strconv.AppendFloat(nil, float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(nil, v.Double(), 'g', -1, 64)
	case parquet.ByteArray:
		return quote(string(v.ByteArray()))
	}
	return json.RawMessage("{}")
}

// unscaled is a decimal without its point: an integer, or its two's complement in bytes.
func unscaled(v parquet.Value) *big.Int {
	switch v.Kind() {
	case parquet.Int32:
		return big.NewInt(int64(v.Int32()))
	case parquet.Int64:
		return big.NewInt(v.Int64())
	}
	bytes := v.ByteArray()
	n := new(big.Int).SetBytes(bytes)
	if len(bytes) > 0 && bytes[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}

// pointed sets a point before the last digits of an integer.
func pointed(n *big.Int, scale int) string {
	digits := new(big.Int).Abs(n).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// quote writes a text as JSON. Bytes that are not UTF-8 are replaced.
func quote(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string has no error
	return raw
}
