package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// ByK holds a value for each k, k ascending. In JSON it is an object whose keys are the
// k, in that order.
type ByK[T any] []Point[T]

// Point is the value at one k.
type Point[T any] struct {
	K     int
	Value T
}

// At is the value at k, and whether there is one.
func (b ByK[T]) At(k int) (value T, ok bool) {
	i, ok := slices.BinarySearchFunc(b, k, func(p Point[T], k int) int { return cmp.Compare(p.K, k) })
	if ok {
		value = b[i].Value
	}
	return value, ok
}

// MarshalJSON writes {"1": …, "2": …, "4": …}.
func (b ByK[T]) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, p := range b {
		value, err := json.Marshal(p.Value)
		if err != nil {
			return nil, fmt.Errorf("value at k = %d: %w", p.K, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", strconv.Itoa(p.K), value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes, keys in any order.
func (b *ByK[T]) UnmarshalJSON(text []byte) error {
	var values map[string]T
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*b = nil
	for key, value := range values {
		k, err := strconv.Atoi(key)
		if err != nil || k < 1 {
			return fmt.Errorf("key %q is not a k: it must be a positive integer", key)
		}
		*b = append(*b, Point[T]{k, value})
	}
	slices.SortFunc(*b, func(x, y Point[T]) int { return cmp.Compare(x.K, y.K) })
	return nil
}

func byK[T any](ks []int, values []T) ByK[T] {
	out := make(ByK[T], len(ks))
	for i, k := range ks {
		out[i] = Point[T]{k, values[i]}
	}
	slices.SortFunc(out, func(x, y Point[T]) int { return cmp.Compare(x.K, y.K) })
	return out
}
