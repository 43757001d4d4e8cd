package kernel

// Add is dst += x, element by element.
func Add(dst, x []float32) {
	done := addBlocks(dst, x)
	for i, v := range x[done:] {
		dst[done+i] += v
	}
}

// AddScaled is dst += x·scale; the product is rounded.
func AddScaled(dst, x []float32, scale float32) {
	done := addScaledBlocks(dst, x, scale)
	for i, v := range x[done:] {
		dst[done+i] += float32(v * scale)
	}
}

// Scale is x·scale, in place.
func Scale(x []float32, scale float32) {
	done := scaleBlocks(x, scale)
	for i, v := range x[done:] {
		x[done+i] = float32(v * scale)
	}
}
