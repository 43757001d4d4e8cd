package kernel

// SwiGLU writes act = gate·σ(gate)·up and keeps σ(gate) for the backward pass.
// (Shazeer, 2002.05202, with the SiLU of Qwen and Llama.)
func SwiGLU(act, sigmoid, gate, up []float32) {
	done := swigluBlocks(act, sigmoid, gate, up)
	swigluPortable(act[done:], sigmoid[done:], gate[done:], up[done:])
}

func swigluPortable(act, sigmoid, gate, up []float32) {
	for i, g := range gate {
		s := float32(1 / float32(1+Exp(-g)))
		sigmoid[i] = s
		act[i] = float32(float32(g*s) * up[i])
	}
}

// SwiGLUBackward turns the gradient of act into those of gate and up:
// dgate = dact·up·σ·(1 + gate·(1 − σ)), dup = dact·gate·σ.
func SwiGLUBackward(dgate, dup, dact, sigmoid, gate, up []float32) {
	done := swigluBackwardBlocks(dgate, dup, dact, sigmoid, gate, up)
	swigluBackwardPortable(dgate[done:], dup[done:], dact[done:], sigmoid[done:], gate[done:], up[done:])
}

func swigluBackwardPortable(dgate, dup, dact, sigmoid, gate, up []float32) {
	for i, g := range gate {
		s, d := sigmoid[i], dact[i]
		slope := float32(s * float32(1+float32(g*float32(1-s))))
		dgate[i] = float32(float32(d*up[i]) * slope)
		dup[i] = float32(d * float32(g*s))
	}
}
