package kernel

import "sync"

// Tile shape: tileRows × Panel outputs are accumulated in registers.
const (
	tileRows = 6
	Panel    = 16 // columns of a panel: the unit in which B is walked
)

// View is a matrix over a slice: element (i, j) is Data[i·Row + j·Col]. A transposed
// view swaps Row and Col.
type View struct {
	Data     []float32
	Row, Col int
}

// Dense views a row-major matrix with the given number of columns.
func Dense(data []float32, cols int) View { return View{data, cols, 1} }

// T is the transpose.
func (v View) T() View { return View{v.Data, v.Col, v.Row} }

// From drops the first rows and columns.
func (v View) From(row, col int) View { return View{v.Data[row*v.Row+col*v.Col:], v.Row, v.Col} }

// Packed is a K × N matrix stored as column panels: panel p holds columns 16p … 16p+15
// of all rows, row by row, the last panel filled up with zeros.
type Packed struct {
	K, N int
	data []float32
}

// Pack stores a K × N view as panels, reusing p's memory.
func (p *Packed) Pack(b View, k, n int) {
	panels := (n + Panel - 1) / Panel
	if need := panels * k * Panel; cap(p.data) < need {
		p.data = make([]float32, need)
	} else {
		p.data = p.data[:need]
	}
	p.K, p.N = k, n
	for j0 := 0; j0 < n; j0 += Panel {
		packPanel(p.data[j0*k:], b, k, j0, min(Panel, n-j0))
	}
}

func packPanel(dst []float32, b View, k, j0, cols int) {
	for i := range k {
		row := dst[i*Panel : (i+1)*Panel]
		at := i*b.Row + j0*b.Col
		for j := range cols {
			row[j] = b.Data[at+j*b.Col]
		}
		clear(row[cols:])
	}
}

// GemmPacked computes C = A·B, or C += A·B: A is m × B.K, C is row-major with cRow
// columns of which B.N are written.
//
// Element order: C[i][j] starts at 0 or at its old value and takes
// fma(A[i][0], B[0][j], ·), fma(A[i][1], B[1][j], ·), … in turn.
func GemmPacked(c []float32, cRow, m int, a View, b *Packed, accumulate bool) {
	for j0 := 0; j0 < b.N; j0 += Panel {
		panel(c[j0:], cRow, m, b.K, min(Panel, b.N-j0), a, b.data[j0*b.K:], Panel, accumulate)
	}
}

// Gemm is GemmPacked for a B whose rows lie in memory as they are: row i starts at
// b[i·bRow] and has n contiguous columns.
func Gemm(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate bool) {
	whole := n - n%Panel
	for j0 := 0; j0 < whole; j0 += Panel {
		panel(c[j0:], cRow, m, k, Panel, a, b[j0:], bRow, accumulate)
	}
	if whole == n || k == 0 && accumulate {
		return
	}
	// A tile reads sixteen columns, which the last ones do not have: they are copied.
	edge := edges.Get().(*Packed)
	edge.Pack(Dense(b, bRow).From(0, whole), k, n-whole)
	panel(c[whole:], cRow, m, k, n-whole, a, edge.data, Panel, accumulate)
	edges.Put(edge)
}

var edges = sync.Pool{New: func() any { return new(Packed) }}

// panel computes m × cols outputs, cols ≤ 16, from one panel of B.
func panel(c []float32, cRow, m, k, cols int, a View, b []float32, bRow int, accumulate bool) {
	if m == 0 || k == 0 && accumulate {
		return
	}
	if cols == Panel {
		tile(m, k, a.Data, a.Row, a.Col, b, bRow, c, cRow, accumulate)
		return
	}
	for i := 0; i < m; i += tileRows {
		narrowTile(min(tileRows, m-i), k, cols, a.Data[i*a.Row:], a.Row, a.Col, b, bRow, c[i*cRow:], cRow, accumulate)
	}
}

// narrowTile computes a tile beside C and copies the columns that exist.
func narrowTile(rows, k, cols int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	var t [tileRows * Panel]float32
	if accumulate {
		for i := range rows {
			copy(t[i*Panel:i*Panel+cols], c[i*cRow:])
		}
	}
	tile(rows, k, a, aRow, aCol, b, bRow, t[:], Panel, accumulate)
	for i := range rows {
		copy(c[i*cRow:i*cRow+cols], t[i*Panel:])
	}
}

// tilePortable is the specification of a column of tiles: m × 16 outputs of C from m rows
// of A (element (i, k) at a[i·aRow + k·aCol]) and k rows of sixteen numbers of B.
func tilePortable(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	for i := range m {
		out := c[i*cRow : i*cRow+Panel]
		if !accumulate {
			clear(out)
		}
		for kk := range k {
			x := a[i*aRow+kk*aCol]
			for j, y := range b[kk*bRow : kk*bRow+Panel] {
				out[j] = fma(x, y, out[j])
			}
		}
	}
}
