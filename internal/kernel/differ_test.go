package kernel

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/negativa-lab/negativa/internal/draw"
)

// differByLaw counts one pair after the other, in float64.
func differByLaw(a, b []uint16, far float64) (d Differing) {
	for i, x := range a {
		x, y := float64(math.Float32frombits(uint32(x)<<16)), float64(math.Float32frombits(uint32(b[i])<<16))
		switch apart := math.Abs(x - y); {
		case math.IsNaN(apart) || math.IsInf(apart, 0):
			d.Infinite++
		case apart > far:
			d.Far++
			d.Any++
		case apart > 0:
			d.Any++
		}
	}
	return d
}

// Every variant counts what a reader of the law counts, whatever the numbers: small ones about
// the bound, zeros of both signs, turned signs, subnormals, and any length. Where a difference
// is none, that is what is told.
func TestDiffer(t *testing.T) {
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for n := range 70 {
			for kind := range uint64(4) {
				s := draw.New(uint64(n), "differ").At(kind)
				a, b := make([]uint16, n), make([]uint16, n)
				for i := range a {
					bits := s.Uint64(uint64(i))
					a[i] = uint16(bits)
					switch kind {
					case 0: // alike but for some
						a[i] &= 0xbfff
						b[i] = a[i] ^ uint16(bits>>20&1)<<(bits>>24&15)&0xbfff
					case 1: // about 1e-5
						a[i], b[i] = 0x3700|uint16(bits>>8&0xff), 0x3000+uint16(bits>>16%0x730)
					case 2: // signs, zeros and subnormals
						a[i] &= 0x8001
						b[i] = uint16(bits>>20) & 0x8001
					case 3: // anything
						b[i] = uint16(bits >> 16)
					}
				}
				got, want := Differ(bytesOf(a), bytesOf(b), 1e-5), differByLaw(a, b, 1e-5)
				if got.Infinite != want.Infinite || want.Infinite == 0 && got != want {
					t.Fatalf("%s: %d pairs of kind %d: %+v, want %+v", variant, n, kind, got, want)
				}
			}
		}
		restore()
	}
}

func bytesOf(x []uint16) (out []byte) {
	for _, v := range x {
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

func BenchmarkDiffer(b *testing.B) {
	x := make([]uint16, 1<<14)
	y := make([]uint16, len(x))
	for i := range x {
		x[i] = 0x3b00 + uint16(i*7919%512)
		y[i] = x[i]
		if i*6151%9 < 2 {
			y[i] ^= 1
		}
	}
	p, q := bytesOf(x), bytesOf(y)
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		b.Run(variant, func(b *testing.B) {
			b.SetBytes(int64(2 * len(p)))
			for b.Loop() {
				Differ(p, q, 1e-5)
			}
		})
		restore()
	}
}
