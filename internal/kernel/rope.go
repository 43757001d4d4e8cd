package kernel

import "math"

// RoPE holds the rotary angles of positions 0 … n-1 for one head width D (Su et al.,
// 2104.09864): Cos and Sin are [n][D/2].
type RoPE struct {
	half     int
	cos, sin []float32
}

// NewRoPE tabulates angle = position · theta^(−2i/D). Angles are float32 products, as
// in transformers: wider ones would move logits by a rounding's size.
func NewRoPE(positions, headDim int, theta float64) *RoPE {
	half := headDim / 2
	r := &RoPE{half, make([]float32, positions*half), make([]float32, positions*half)}
	for i := range half {
		inverse := float32(1 / float32(math.Pow(theta, float64(float32(2*i)/float32(headDim)))))
		for p := range positions {
			angle := float64(float32(float32(p) * inverse))
			r.cos[p*half+i] = float32(math.Cos(angle))
			r.sin[p*half+i] = float32(math.Sin(angle))
		}
	}
	return r
}

// Positions is the number of positions tabulated.
func (r *RoPE) Positions() int { return len(r.cos) / r.half }

// Rotate turns one head's row x [D] in place: the pair (x_i, x_{i+D/2}) by the angle
// of its position.
func (r *RoPE) Rotate(x []float32, position int) { r.turn(x, position, 1) }

// RotateBack is the transpose of Rotate, which is its inverse: the backward pass.
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
