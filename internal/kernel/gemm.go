package kernel

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
	full []float32
	half []uint32 // instead of full, where the matrix is rounded to bfloat16: see halvePortable
}

// Pack stores a K × N view as panels, reusing p's memory.
func (p *Packed) Pack(b View, k, n int) {
	p.K, p.N, p.half = k, n, nil
	Resize(&p.full, p.Panels()*k*Panel)
	for j0 := 0; j0 < n; j0 += Panel {
		packPanel(p.full[j0*k:], b, k, j0, min(Panel, n-j0))
	}
}

// PackHalf is Pack with every number rounded to bfloat16, in half the memory.
func (p *Packed) PackHalf(b View, k, n int) {
	p.K, p.N, p.full = k, n, nil
	Resize(&p.half, p.Panels()*k*Panel/2)
	scratch := panels.Get()
	for j0 := 0; j0 < n; j0 += Panel {
		for k0 := 0; k0 < k; k0 += chunk {
			rows := min(chunk, k-k0)
			packPanel(scratch[:], b.From(k0, 0), rows, j0, min(Panel, n-j0))
			halve(p.half[(j0*k+k0*Panel)/2:], scratch[:], rows)
		}
	}
	panels.Put(scratch)
}

// Panels is the number of panels.
func (p *Packed) Panels() int { return (p.N + Panel - 1) / Panel }

func packPanel(dst []float32, b View, k, j0, cols int) {
	switch {
	case b.Col == 1:
		gather(dst, b.Data[j0:], b.Row, k, cols)
	case b.Row == 1 && cols == Panel:
		Transpose(dst, Panel, b.Data[j0*b.Col:], b.Col, Panel, k)
	default:
		for i := range k {
			row := dst[i*Panel : (i+1)*Panel]
			at := i*b.Row + j0*b.Col
			for j := range cols {
				row[j] = b.Data[at+j*b.Col]
			}
			clear(row[cols:])
		}
	}
}

// gather copies k rows of cols contiguous numbers, `stride` apart, to panels.
func gather(dst, src []float32, stride, k, cols int) {
	for p := gatherPanels(dst, src, stride, k, cols/Panel); p*Panel < cols; p++ {
		here := min(Panel, cols-p*Panel)
		for i := range k {
			row := dst[(p*k+i)*Panel : (p*k+i+1)*Panel]
			copy(row[:here], src[i*stride+p*Panel:])
			clear(row[here:])
		}
	}
}

// chunk is how many rows of a panel are multiplied at once: 128 KiB, which a core's
// second cache holds beside the rows of A.
const chunk = 2048

// GemmPacked computes C = A·B, or C += A·B: A is m × B.K, C is row-major with cRow
// columns of which B.N are written.
//
// Element order: C[i][j] starts at 0 or at its old value and takes
// fma(A[i][0], B[0][j], ·), fma(A[i][1], B[1][j], ·), … in turn.
func GemmPacked(c []float32, cRow, m int, a View, b *Packed, accumulate bool) {
	GemmPanels(c, cRow, m, a, b, 0, b.Panels(), accumulate)
}

// GemmPanels is GemmPacked for the columns of panels from … to−1 alone: threads share a
// product of few rows by its columns.
func GemmPanels(c []float32, cRow, m int, a View, b *Packed, from, to int, accumulate bool) {
	for j0 := from * Panel; j0 < min(b.N, to*Panel); j0 += Panel {
		cols := min(Panel, b.N-j0)
		for k0 := 0; k0 == 0 || k0 < b.K; k0 += chunk {
			k := min(chunk, b.K-k0)
			panel(c[j0:], cRow, m, k, cols, a.From(0, k0), b.rows(j0, k0), accumulate || k0 > 0)
		}
	}
}

// rows are rows k0 … of the panel that starts with column j0.
func (p *Packed) rows(j0, k0 int) operand {
	at := j0*p.K + k0*Panel
	if p.half != nil {
		return operand{half: p.half[at/2:]}
	}
	return operand{full: p.full[at:], row: Panel}
}

// operand is some rows of a panel: row i is full[i·row …], or half[8i …] rounded.
type operand struct {
	full []float32
	row  int
	half []uint32
}

// gathers tells whether it pays to copy a panel of B before it is multiplied: rows far
// apart fall on few lines of the cache and on many pages, and many rows of A read them.
func gathers(m, bRow int) bool { return m >= 48 && m*bRow >= 1<<13 }

// Gemm is GemmPacked for a B whose rows lie in memory as they are: row i starts at
// b[i·bRow] and has n contiguous columns.
func Gemm(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate bool) {
	direct := n - n%Panel
	if gathers(m, bRow) {
		direct = 0
	}
	for j0 := 0; j0 < direct; j0 += Panel {
		panel(c[j0:], cRow, m, k, Panel, a, operand{full: b[j0:], row: bRow}, accumulate)
	}
	if direct < n { // a tile reads sixteen columns, which the last ones do not have
		gemmGathered(c[direct:], cRow, m, n-direct, k, a, b[direct:], bRow, accumulate, false)
	}
}

// outerRows is how many rows of both factors GemmOuter multiplies at once: few enough to
// stay in cache.
const outerRows = 128

// GemmOuter computes C += Aᵀ·B for A k × m and B k × n, whose rows lie aRow and bRow
// apart. Both are copied, some rows at a time: numbers that lie a long row apart fall on
// few lines of the cache.
func GemmOuter(c []float32, cRow, m, n, k int, a []float32, aRow int, b []float32, bRow int) {
	scratch := outers.Get()
	Resize(&scratch.a, outerRows*m)
	Resize(&scratch.b, outerRows*(n+Panel-1))
	for k0 := 0; k0 < k; k0 += outerRows {
		rows := min(outerRows, k-k0)
		for i := range rows {
			copy(scratch.a[i*m:(i+1)*m], a[(k0+i)*aRow:])
		}
		gather(scratch.b, b[k0*bRow:], bRow, rows, n)
		for j0 := 0; j0 < n; j0 += Panel {
			panel(c[j0:], cRow, m, rows, min(Panel, n-j0), Dense(scratch.a, m).T(), operand{full: scratch.b[j0*rows:], row: Panel}, true)
		}
	}
	outers.Put(scratch)
}

var outers Pool[struct{ a, b []float32 }]

// GemmHalf is Gemm with B rounded to bfloat16.
func GemmHalf(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate bool) {
	gemmGathered(c, cRow, m, n, k, a, b, bRow, accumulate, true)
}

// gemmGathered copies each panel of B before it is multiplied.
func gemmGathered(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate, round bool) {
	scratch := panels.Get()
	for j0 := 0; j0 < n; j0 += Panel {
		cols := min(Panel, n-j0)
		for k0 := 0; k0 == 0 || k0 < k; k0 += chunk {
			rows := min(chunk, k-k0)
			if rows > 0 {
				gather(scratch[:], b[k0*bRow+j0:], bRow, rows, cols)
			}
			if round {
				RoundHalf(scratch[:rows*Panel], scratch[:rows*Panel])
			}
			panel(c[j0:], cRow, m, rows, cols, a.From(0, k0), operand{full: scratch[:], row: Panel}, accumulate || k0 > 0)
		}
	}
	panels.Put(scratch)
}

var panels Pool[[chunk * Panel]float32]

// panel computes m × cols outputs, cols ≤ 16, from one panel of B.
func panel(c []float32, cRow, m, k, cols int, a View, b operand, accumulate bool) {
	if m == 0 || k == 0 && accumulate {
		return
	}
	if cols == Panel {
		column(m, k, a.Data, a.Row, a.Col, b, c, cRow, accumulate)
		return
	}
	for i := 0; i < m; i += tileRows {
		narrowTile(min(tileRows, m-i), k, cols, a.Data[i*a.Row:], a.Row, a.Col, b, c[i*cRow:], cRow, accumulate)
	}
}

// narrowTile computes a tile beside C and copies the columns that exist.
func narrowTile(rows, k, cols int, a []float32, aRow, aCol int, b operand, c []float32, cRow int, accumulate bool) {
	var t [tileRows * Panel]float32
	if accumulate {
		for i := range rows {
			copy(t[i*Panel:i*Panel+cols], c[i*cRow:])
		}
	}
	column(rows, k, a, aRow, aCol, b, t[:], Panel, accumulate)
	for i := range rows {
		copy(c[i*cRow:i*cRow+cols], t[i*Panel:])
	}
}

// column computes a column of tiles: m × 16 outputs.
func column(m, k int, a []float32, aRow, aCol int, b operand, c []float32, cRow int, accumulate bool) {
	if b.half != nil {
		tileHalf(m, k, a, aRow, aCol, b.half, c, cRow, accumulate)
		return
	}
	tile(m, k, a, aRow, aCol, b.full, b.row, c, cRow, accumulate)
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
