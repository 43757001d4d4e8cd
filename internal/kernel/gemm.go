package kernel

import "math"

const (
	Panel    = 16 // columns of a panel: the unit in which B is walked
	strip    = 2 * Panel
	rowGroup = 24 // rows of A that are packed side by side, at most
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

// Blocks of a product. The rows of A and the columns of B that are multiplied at once
// stay in a core's second cache.
const (
	chunk      = 2048 // rows of a panel that few rows of A read
	depth      = 512  // rows of a panel that many rows of A read
	blockRows  = 192
	outerDepth = 252 // not 256: a panel's rows would fall on the same lines of the cache as those of the next
	outerCols  = 256
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
	width := min(b.N, to*Panel) - from*Panel
	if !b.dots() && !packs(m, width) {
		for k0 := 0; k0 == 0 || k0 < b.K; k0 += chunk {
			rows := factor{View: a.From(0, k0), m: m, k: min(chunk, b.K-k0)}
			rows.panels(c, cRow, b, k0, from, to, accumulate)
		}
		return
	}
	rows, deep := cutting(m, b.K)
	blocks(m, b.K, a, rows, deep, b.dots(), func(i0, k0 int, rows factor) {
		rows.panels(c[i0*cRow:], cRow, b, k0, from, to, accumulate)
	})
}

// cutting is how many rows are packed at once, and how many numbers of each: whole rows,
// where that leaves enough of them.
func cutting(m, k int) (rows, deep int) {
	whole := max(k+k%2, depth) // halved, an odd row ends in half a word
	rows = blockRows * depth / whole / rowGroup * rowGroup
	switch {
	case m <= blockRows*depth/chunk:
		return m, chunk
	case rows >= blockRows/2:
		return rows, whole
	default:
		return blockRows, depth
	}
}

// panels multiplies rows by rows k0 … of panels from … to−1.
func (a *factor) panels(c []float32, cRow int, b *Packed, k0, from, to int, accumulate bool) {
	last := min(b.N, to*Panel)
	for j0 := from * Panel; j0 < last; j0 += strip {
		a.times(b.rows(j0, k0), c[j0:], cRow, min(strip, last-j0), accumulate || k0 > 0)
	}
}

// Left is the factor A of products that threads share by their columns, packed once for
// all of them. Its zero value is ready.
type Left struct {
	parts []part
	store []*block
}

// part is some of A's rows, from i0, and of their numbers, from k0.
type part struct {
	i0, k0 int
	rows   factor
}

// Set makes A, m × b.K, ready for GemmLeft with b, and with others of as many rows in the
// same precision. A is read until the products are done: it may not change before.
func (l *Left) Set(m int, a View, b *Packed) {
	l.parts = l.parts[:0]
	if !b.dots() && !packs(m, b.N) {
		for k0 := 0; k0 == 0 || k0 < b.K; k0 += chunk {
			l.parts = append(l.parts, part{0, k0, factor{View: a.From(0, k0), m: m, k: min(chunk, b.K-k0)}})
		}
		return
	}
	rows, deep := cutting(m, b.K)
	for i0 := 0; i0 < m; i0 += rows {
		for k0 := 0; k0 == 0 || k0 < b.K; k0 += deep {
			if len(l.parts) == len(l.store) {
				l.store = append(l.store, new(block))
			}
			packed := l.store[len(l.parts)].pack(a.From(i0, k0), min(rows, m-i0), min(deep, b.K-k0), b.dots())
			l.parts = append(l.parts, part{i0, k0, packed})
		}
	}
}

// GemmLeft is GemmPanels for a factor made ready before.
func GemmLeft(c []float32, cRow int, a *Left, b *Packed, from, to int, accumulate bool) {
	for i := range a.parts {
		p := &a.parts[i]
		p.rows.panels(c[p.i0*cRow:], cRow, b, p.k0, from, to, accumulate)
	}
}

// dots tells whether b is multiplied as it is halved.
func (p *Packed) dots() bool { return p.half != nil && dots() }

// rows are rows k0 … of the panels that start with column j0.
func (p *Packed) rows(j0, k0 int) operand {
	if p.half != nil {
		next := wordsOf(p.K, Panel)
		return operand{half: p.half[j0/Panel*next+wordsOf(k0, Panel):], next: next}
	}
	return operand{full: p.full[j0*p.K+k0*Panel:], row: Panel, next: p.K * Panel}
}

// operand is some rows of two panels: row i is full[i·row …], or rows 2i and 2i + 1 are
// half[16i …], and those of the other panel, where there is one, lie next further.
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

// factor is m rows of k numbers of A, as they lie or packed: groups of rows one after the
// other, of Col ≤ rowGroup rows each, k by k. Packed rows may be halved, as those of B are.
type factor struct {
	View
	m, k   int
	packed bool
	half   []uint32
}

// packs tells whether it pays to copy A before it is multiplied by n columns: its rows lie
// far apart, on many pages and, often enough, on few lines of the cache.
func packs(m, n int) bool { return m >= 2*rowGroup && n >= 3*strip }

// block is a part of A.
type block struct {
	full [blockRows * depth]float32
	half [blockRows * depth / 2]uint32
}

var packedRows Pool[block]

// blocks packs A block by block, at most so many rows and deep numbers of each at once, k
// ascending, and halved if need be.
func blocks(m, k int, a View, most, deep int, halved bool, multiply func(i0, k0 int, rows factor)) {
	scratch := packedRows.Get()
	for i0 := 0; i0 < m; i0 += most {
		for k0 := 0; k0 == 0 || k0 < k; k0 += deep {
			multiply(i0, k0, scratch.pack(a.From(i0, k0), min(most, m-i0), min(deep, k-k0), halved))
		}
	}
	packedRows.Put(scratch)
}

// pack packs m rows of k numbers, halved if need be.
func (s *block) pack(a View, m, k int, halved bool) factor {
	switch {
	case !halved:
		return pack(s.full[:], a, m, k, 1)
	case m == 1 && a.Col == 1:
		return single(s.half[:], a.Data[:k])
	}
	rows := pack(s.full[:], a, m, k, halfLanes)
	rows.halve(s.half[:])
	return rows
}

// halfLanes is how many numbers are halved at once.
const halfLanes = 8

// pack copies m rows of k numbers, of which those of a row or those of a column lie side
// by side, to groups of a multiple of some rows. The last rows of the last may be unset.
func pack(dst []float32, a View, m, k, multiple int) factor {
	width := min(m, rowGroup)
	if a.Col == 1 { // groups of about one size: none is left with too few rows
		groups := (m + rowGroup - 1) / rowGroup
		width = (m + groups - 1) / groups
	}
	width = (width + multiple - 1) / multiple * multiple
	done := 0
	if a.Row == 1 {
		done = width * gatherPanels(dst, a.Data, a.Col, k, width, m/width)
	}
	for i := done; i < m; i += width {
		rows, group := min(width, m-i), dst[i*k:]
		if a.Col == 1 {
			Transpose(group, width, a.Data[i*a.Row:], a.Row, rows, k)
			continue
		}
		for kk := range k {
			copy(group[kk*width:kk*width+rows], a.Data[kk*a.Col+i:])
		}
	}
	return factor{View: View{dst, 1, width}, m: m, k: k, packed: true}
}

// halve halves packed rows.
func (a *factor) halve(dst []uint32) {
	a.half = dst
	for i := 0; i < a.m; i += a.Col {
		halve(dst[i/a.Col*wordsOf(a.k, a.Col):], a.Data[i*a.k:], a.Col, a.k)
	}
}

// single halves one row, whose numbers are rounded already: two neighbours are a word.
func single(dst []uint32, x []float32) factor {
	for i := 0; i+1 < len(x); i += 2 {
		dst[i/2] = math.Float32bits(x[i])&^0xffff | math.Float32bits(x[i+1])>>16
	}
	if last := len(x) - 1; last%2 == 0 {
		dst[last/2] = math.Float32bits(x[last]) &^ 0xffff
	}
	return factor{View: View{nil, 1, 1}, m: 1, k: len(x), packed: true, half: dst}
}

// times computes cols ≤ strip columns of C = A·B, or C += A·B.
func (a *factor) times(b operand, c []float32, cRow, cols int, accumulate bool) {
	switch {
	case a.m == 0 || a.k == 0 && accumulate:
		return
	case !a.packed:
		a.columns(cols, &b, c, cRow, accumulate)
		return
	}
	group, words := *a, wordsOf(a.k, a.Col)
	for i := 0; i < a.m; i += a.Col {
		if a.half != nil {
			group.half = a.half[i/a.Col*words:]
		} else {
			group.Data = a.Data[i*a.k:]
		}
		group.m = min(a.Col, a.m-i)
		group.columns(cols, &b, c[i*cRow:], cRow, accumulate)
	}
}

// columns computes m × cols outputs, cols ≤ strip.
func (a *factor) columns(cols int, b *operand, c []float32, cRow int, accumulate bool) {
	switch {
	case cols == strip && pair(a, b, c, cRow, accumulate):
	case cols > Panel:
		a.columns(Panel, b, c, cRow, accumulate)
		second := b.other()
		a.columns(cols-Panel, &second, c[Panel:], cRow, accumulate)
	case cols == Panel:
		a.column(b, c, cRow, accumulate)
	case a.packed:
		a.narrow(cols, b, c, cRow, accumulate)
	default:
		for i := 0; i < a.m; i += rowGroup {
			rows := factor{View: a.From(i, 0), m: min(rowGroup, a.m-i), k: a.k}
			rows.narrow(cols, b, c[i*cRow:], cRow, accumulate)
		}
	}
}

// narrow computes outputs of at most rowGroup rows beside C and copies the columns that
// exist.
func (a *factor) narrow(cols int, b *operand, c []float32, cRow int, accumulate bool) {
	var t [rowGroup * Panel]float32
	if accumulate {
		for i := range a.m {
			copy(t[i*Panel:i*Panel+cols], c[i*cRow:])
		}
	}
	a.column(b, t[:], Panel, accumulate)
	for i := range a.m {
		copy(c[i*cRow:i*cRow+cols], t[i*Panel:])
	}
}

// column computes a column of tiles: m × 16 outputs.
func (a *factor) column(b *operand, c []float32, cRow int, accumulate bool) {
	switch {
	case a.half != nil:
		tileDot(a, b, c, cRow, accumulate)
	case b.half != nil:
		tileHalf(a.m, a.k, a.Data, a.Row, a.Col, b.half, c, cRow, accumulate)
	default:
		tile(a.m, a.k, a.Data, a.Row, a.Col, b.full, b.row, c, cRow, accumulate)
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

// GemmHalf is Gemm with B rounded to bfloat16; A must be rounded already, as for PackHalf.
func GemmHalf(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate bool) {
	gemmGathered(c, cRow, m, n, k, a, b, bRow, accumulate, true)
}

// panels is a strip of B.
type panels struct {
	full [depth * strip]float32
	half [depth * strip / 2]uint32
}

var strips Pool[panels]

// copied copies k rows of a strip of B, rounded if need be, and halved if the rounded
// numbers are to be multiplied so.
func (p *panels) copied(b []float32, bRow, k, cols int, round bool) operand {
	if k > 0 {
		gather(p.full[:], b, bRow, k, cols)
	}
	if !round {
		return operand{full: p.full[:], row: Panel, next: k * Panel}
	}
	if !dots() {
		size := (cols + Panel - 1) / Panel * k * Panel
		RoundHalf(p.full[:size], p.full[:size])
		return operand{full: p.full[:], row: Panel, next: k * Panel}
	}
	words := wordsOf(k, Panel)
	for j := 0; j*Panel < cols; j++ {
		halve(p.half[j*words:], p.full[j*k*Panel:], Panel, k)
	}
	return operand{half: p.half[:], next: words}
}

// gemmGathered copies each strip of B before it is multiplied.
func gemmGathered(c []float32, cRow, m, n, k int, a View, b []float32, bRow int, accumulate, round bool) {
	scratch := strips.Get()
	multiply := func(i0, k0 int, rows factor) {
		for j0 := 0; j0 < n; j0 += strip {
			cols := min(strip, n-j0)
			rows.times(scratch.copied(b[min(k0*bRow+j0, len(b)):], bRow, rows.k, cols, round), c[i0*cRow+j0:], cRow, cols, accumulate || k0 > 0)
		}
	}
	if dots := round && dots(); dots || packs(m, n) {
		blocks(m, k, a, blockRows, depth, dots, multiply)
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
			part := pack(scratch.a, View{a[k0*aRow:], 1, aRow}, m, rows, 1)
			gather(scratch.b[:], b[k0*bRow+j0:], bRow, rows, cols)
			for j := 0; j < cols; j += strip {
				part.times(operand{full: scratch.b[j*rows:], row: Panel, next: rows * Panel}, c[j0+j:], cRow, min(strip, cols-j), true)
			}
		}
	}
	outers.Put(scratch)
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
