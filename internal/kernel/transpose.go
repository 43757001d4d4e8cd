package kernel

// Transpose writes dst[j·dstRow + i] = src[i·srcRow + j] for i < rows, j < cols.
func Transpose(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) {
	done := transposeBlocks(dst, dstRow, src, srcRow, rows, cols)
	if done < rows && cols > 0 {
		transposePortable(dst[done:], dstRow, src[done*srcRow:], srcRow, rows-done, cols)
	}
}

func transposePortable(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*srcRow : i*srcRow+cols] {
			dst[j*dstRow+i] = v
		}
	}
}
