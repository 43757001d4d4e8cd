package kernel

const (
	Panel    = 16 // columns of a panel: the unit in which B is walked
	strip    = 2 * Panel
	rowGroup = 24 // rows of A that are packed side by side
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
	scratch := strips.Get()
	for j0 := 0; j0 < n; j0 += Panel {
		for k0 := 0; k0 < k; k0 += depth {
			rows := min(depth, k-k0)
			packPanel(scratch[:], b.From(k0, 0), rows, j0, min(Panel, n-j0))
			halve(p.half[(j0*k+k0*Panel)/2:], scratch[:], rows)
		}
	}
	strips.Put(scratch)
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

// Blocks of a product. The rows of A and the columns of B that are multiplied at once
// stay in a core's second cache.
const (
	chunk      = 2048 // rows of a panel that few rows of A read
	depth      = 512  // rows of a panel that many rows of A read
	blockRows  = 192
	outerDepth = 124 // not 128: a panel's rows would fall on the same lines of the cache as those of the next
	outerCols  = 512
)

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
	first, last := from*Panel, min(b.N, to*Panel)
	if packs(m, last-first) {
		blocks(m, b.K, a, func(i0, k0 int, block factor) {
			for j0 := first; j0 < last; j0 += strip {
				block.times(b.rows(j0, k0), c[i0*cRow+j0:], cRow, min(strip, last-j0), accumulate || k0 > 0)
			}
		})
		return
	}
	for j0 := first; j0 < last; j0 += strip {
		for k0 := 0; k0 == 0 || k0 < b.K; k0 += chunk {
			rows := factor{View: a.From(0, k0), m: m, k: min(chunk, b.K-k0)}
			rows.times(b.rows(j0, k0), c[j0:], cRow, min(strip, last-j0), accumulate || k0 > 0)
		}
	}
}

// rows are rows k0 … of the panels that start with column j0.
func (p *Packed) rows(j0, k0 int) operand {
	at := j0*p.K + k0*Panel
	if p.half != nil {
		return operand{half: p.half[at/2:], next: p.K * Panel / 2}
	}
	return operand{full: p.full[at:], row: Panel, next: p.K * Panel}
}

// operand is some rows of two panels: row i is full[i·row …], or half[8i …] rounded, and
// that of the other panel, where there is one, lies next further.
type operand struct {
	full      []float32
	row, next int
	half      []uint32
}

// other is the second panel.
func (b operand) other() operand {
	if b.half != nil {
		b.half = b.half[b.next:]
	} else {
		b.full = b.full[b.next:]
	}
	return b
}

// factor is m rows of k numbers of A, as they lie or packed: groups of rowGroup rows one
// after the other, k by k.
type factor struct {
	View
	m, k   int
	packed bool
}

// packs tells whether it pays to copy A before it is multiplied by n columns: its rows lie
// far apart, on many pages and, often enough, on few lines of the cache.
func packs(m, n int) bool { return m >= 2*rowGroup && n >= 3*strip }

var packedRows Pool[[blockRows * depth]float32]

// blocks packs A block by block, k ascending for each.
func blocks(m, k int, a View, multiply func(i0, k0 int, block factor)) {
	scratch := packedRows.Get()
	for i0 := 0; i0 < m; i0 += blockRows {
		for k0 := 0; k0 == 0 || k0 < k; k0 += depth {
			multiply(i0, k0, pack(scratch[:], a.From(i0, k0), min(blockRows, m-i0), min(depth, k-k0)))
		}
	}
	packedRows.Put(scratch)
}

// pack copies m rows of k numbers, of which those of a row or those of a column lie side
// by side.
func pack(dst []float32, a View, m, k int) factor {
	for i := 0; i < m; i += rowGroup {
		rows, group := min(rowGroup, m-i), dst[i*k:]
		switch {
		case a.Col == 1:
			Transpose(group, rowGroup, a.Data[i*a.Row:], a.Row, rows, k)
		case a.Row == 1 && rows == rowGroup:
			for kk := range k {
				*(*[rowGroup]float32)(group[kk*rowGroup:]) = *(*[rowGroup]float32)(a.Data[kk*a.Col+i:])
			}
		default:
			for kk := range k {
				copy(group[kk*rowGroup:kk*rowGroup+rows], a.Data[kk*a.Col+i:])
			}
		}
	}
	return factor{View{dst, 1, rowGroup}, m, k, true}
}

// times computes cols ≤ strip columns of C = A·B, or C += A·B.
func (a factor) times(b operand, c []float32, cRow, cols int, accumulate bool) {
	if a.m == 0 || a.k == 0 && accumulate {
		return
	}
	if !a.packed {
		columns(a.m, a.k, cols, a.View, b, c, cRow, accumulate)
		return
	}
	for i := 0; i < a.m; i += rowGroup {
		columns(min(rowGroup, a.m-i), a.k, cols, View{a.Data[i*a.k:], a.Row, a.Col}, b, c[i*cRow:], cRow, accumulate)
	}
}

// columns computes m × cols outputs, cols ≤ strip.
func columns(m, k, cols int, a View, b operand, c []float32, cRow int, accumulate bool) {
	switch {
	case cols == strip && pair(m, k, a, b, c, cRow, accumulate):
	case cols > Panel:
		columns(m, k, Panel, a, b, c, cRow, accumulate)
		columns(m, k, cols-Panel, a, b.other(), c[Panel:], cRow, accumulate)
	case cols == Panel:
		column(m, k, a.Data, a.Row, a.Col, b, c, cRow, accumulate)
	default:
		for i := 0; i < m; i += rowGroup {
			narrow(min(rowGroup, m-i), k, cols, a.From(i, 0), b, c[i*cRow:], cRow, accumulate)
		}
	}
}

// narrow computes outputs beside C and copies the columns that exist.
func narrow(rows, k, cols int, a View, b operand, c []float32, cRow int, accumulate bool) {
	var t [rowGroup * Panel]float32
	if accumulate {
		for i := range rows {
			copy(t[i*Panel:i*Panel+cols], c[i*cRow:])
		}
	}
	column(rows, k, a.Data, a.Row, a.Col, b, t[:], Panel, accumulate)
	for i := range rows {
		copy(c[i*cRow:i*cRow+cols], t[i*Panel:])
	}
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
	for j0 := 0; j0 < direct; j0 += strip {
		rows := factor{View: a, m: m, k: k}
		rows.times(operand{full: b[j0:], row: bRow, next: Panel}, c[j0:], cRow, min(strip, direct-j0), accumulate)
	}
	if direct < n { // a tile reads sixteen columns, which the last ones do not have
		gemmGathered(c[direct:], cRow, m, n-direct, k, a, b[direct:], bRow, accumulate, false)
	}
}

// GemmHalf is Gemm with B rounded to bfloat16.
func GemmHalf(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate bool) {
	gemmGathered(c, cRow, m, n, k, a, b, bRow, accumulate, true)
}

var strips Pool[[depth * strip]float32]

// gemmGathered copies each strip of B before it is multiplied.
func gemmGathered(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate, round bool) {
	scratch := strips.Get()
	multiply := func(i0, k0 int, block factor) {
		for j0 := 0; j0 < n; j0 += strip {
			cols := min(strip, n-j0)
			size := block.k * (cols + Panel - 1) / Panel * Panel
			if block.k > 0 {
				gather(scratch[:], b[k0*bRow+j0:], bRow, block.k, cols)
			}
			if round {
				RoundHalf(scratch[:size], scratch[:size])
			}
			block.times(operand{full: scratch[:], row: Panel, next: block.k * Panel}, c[i0*cRow+j0:], cRow, cols, accumulate || k0 > 0)
		}
	}
	if packs(m, n) {
		blocks(m, k, a, multiply)
	} else {
		for k0 := 0; k0 == 0 || k0 < k; k0 += depth {
			multiply(0, k0, factor{View: a.From(0, k0), m: m, k: min(depth, k-k0)})
		}
	}
	strips.Put(scratch)
}

// outer is what GemmOuter copies.
type outer struct {
	a []float32
	b [outerDepth * outerCols]float32
}

var outers Pool[outer]

// GemmOuter computes C += Aᵀ·B for A k × m and B k × n, whose rows lie aRow and bRow
// apart. Both are copied, some rows and columns at a time: numbers that lie a long row
// apart fall on few lines of the cache.
func GemmOuter(c []float32, cRow, m, n, k int, a []float32, aRow int, b []float32, bRow int) {
	scratch := outers.Get()
	Resize(&scratch.a, outerDepth*(m+rowGroup))
	for j0 := 0; j0 < n; j0 += outerCols {
		cols := min(outerCols, n-j0)
		for k0 := 0; k0 < k; k0 += outerDepth {
			rows := min(outerDepth, k-k0)
			block := pack(scratch.a, View{a[k0*aRow:], 1, aRow}, m, rows)
			gather(scratch.b[:], b[k0*bRow+j0:], bRow, rows, cols)
			for j := 0; j < cols; j += strip {
				block.times(operand{full: scratch.b[j*rows:], row: Panel, next: rows * Panel}, c[j0+j:], cRow, min(strip, cols-j), true)
			}
		}
	}
	outers.Put(scratch)
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
