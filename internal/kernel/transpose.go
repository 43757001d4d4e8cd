package kernel

// Transpose writes dst[j·dstRow + i] = src[i·srcRow + j] for i < rows, j < cols.
func Transpose(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) {
	switch {
	case cols == 0:
		return
	case rows < transposed:
		transposePortable(dst, dstRow, src, srcRow, rows, cols)
		return
	}
	for next := 0; next < rows; next += transposed {
		row := min(next, rows-transposed) // the last ones may have been among those before
		to, from := dst[row:], src[row*srcRow:]
		if done := transposeBlocks(to, dstRow, from, srcRow, cols); done < cols {
			transposePortable(to[done*dstRow:], dstRow, from[done:], srcRow, transposed, cols-done)
		}
	}
}

// transposed is how many rows the assembly transposes at once.
const transposed = 8

func transposePortable(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*srcRow : i*srcRow+cols] {
			dst[j*dstRow+i] = v
		}
	}
}
