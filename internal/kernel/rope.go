package kernel

import (
	"math"
	"runtime"
)

// RoPE holds the rotary angles of positions 0 … n-1 for one head width D (Su et al.,
// 2104.09864): Cos and Sin are [n][D/2].
type RoPE struct {
	half     int
	cos, sin []float32
}

// Frequencies are theta^(−2i/D) for i < D/2, float32 in each step as in transformers.
func Frequencies(headDim int, theta float64) []float32 {
	frequencies := make([]float32, headDim/2)
	for i := range frequencies {
		frequencies[i] = float32(1 / float32(math.Pow(theta, float64(float32(2*i)/float32(headDim)))))
	}
	return frequencies
}

// NewRoPE tabulates angle = position · frequency for D/2 frequencies; cosines and sines are
// multiplied by a factor (1, unless the frequencies are stretched). Angles are float32
// products, as in transformers: wider ones would move logits by a rounding's size.
func NewRoPE(positions int, frequencies []float32, factor float32) *RoPE {
	half := len(frequencies)
	r := &RoPE{half, make([]float32, positions*half), make([]float32, positions*half)}
	const block = 256
	Parallel(runtime.GOMAXPROCS(0), (positions+block-1)/block, func(b int) {
		for p := b * block; p < min((b+1)*block, positions); p++ {
			for i, frequency := range frequencies {
				angle := float64(float32(float32(p) * frequency))
				r.cos[p*half+i] = float32(math.Cos(angle)) * factor
				r.sin[p*half+i] = float32(math.Sin(angle)) * factor
			}
		}
	})
	return r
}

// Positions is the number of positions tabulated.
func (r *RoPE) Positions() int { return len(r.cos) / r.half }

// Rotate turns one head's row x [D] in place: the pair (x_i, x_{i+D/2}) by the angle
// of its position.
func (r *RoPE) Rotate(x []float32, position int) { r.turn(x, position, 1) }

// RotateBack is the transpose of Rotate, and its inverse where the factor is 1: the
// backward pass.
func (r *RoPE) RotateBack(x []float32, position int) { r.turn(x, position, -1) }

func (r *RoPE) turn(x []float32, position int, sign float32) {
	cos := r.cos[position*r.half : (position+1)*r.half]
	sin := r.sin[position*r.half : (position+1)*r.half]
	low, high := x[:r.half], x[r.half:2*r.half]
	done := turnBlocks(low, high, cos, sin, sign)
	turnPortable(low[done:], high[done:], cos[done:], sin[done:], sign)
}

func turnPortable(low, high, cos, sin []float32, sign float32) {
	for i, c := range cos {
		s := sign * sin[i]
		a, b := low[i], high[i]
		low[i] = float32(float32(a*c) - float32(b*s))
		high[i] = float32(float32(b*c) + float32(a*s))
	}
}
