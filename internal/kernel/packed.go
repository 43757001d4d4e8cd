package kernel

import "math"

// Packed is a K × N matrix stored as column panels: panel p holds columns 16p … 16p+15
// of all rows, row by row, the last panel filled up with zeros.
type Packed struct {
	K, N int
	full []float32
	half []uint32 // instead of full, where the matrix is rounded to bfloat16: see halvePortable
}

// Panels is the K × N matrix, N a multiple of Panel, that lies in data as panels.
func Panels(data []float32, k, n int) Packed { return Packed{K: k, N: n, full: data[:k*n]} }

// Pack stores a K × N view as panels, reusing p's memory.
func (p *Packed) Pack(b View, k, n int) {
	p.Reserve(k, n, false)
	for j := range p.Panels() {
		p.PackPanel(j, b.From(0, j*Panel))
	}
}

// PackHalf is Pack with every number rounded to bfloat16, in half the memory. It is to be
// multiplied by numbers that are rounded already: what others give depends on the variant.
func (p *Packed) PackHalf(b View, k, n int) {
	p.Reserve(k, n, true)
	for j := range p.Panels() {
		p.PackPanel(j, b.From(0, j*Panel))
	}
}

// Reserve makes room for a K × N matrix, whose panels are then to be packed one by one,
// by any threads.
func (p *Packed) Reserve(k, n int, half bool) {
	p.K, p.N = k, n
	if half {
		p.full = nil
		Resize(&p.half, p.Panels()*wordsOf(k, Panel))
		return
	}
	p.half = nil
	Resize(&p.full, p.Panels()*k*Panel)
}

// PackPanel stores panel j; b holds its columns alone, of which there are Panel or what is
// left of N.
func (p *Packed) PackPanel(j int, b View) {
	cols := min(Panel, p.N-j*Panel)
	if p.half == nil {
		packPanel(p.full[j*p.K*Panel:], b, p.K, 0, cols)
		return
	}
	scratch := strips.Get()
	for k0 := 0; k0 < p.K; k0 += depth {
		rows := min(depth, p.K-k0)
		packPanel(scratch.full[:], b.From(k0, 0), rows, 0, cols)
		halve(p.half[j*wordsOf(p.K, Panel)+wordsOf(k0, Panel):], scratch.full[:], Panel, rows)
	}
	strips.Put(scratch)
}

// ReserveTransposed makes room for columns of panels from … to−1 of src as rows.
func (p *Packed) ReserveTransposed(src *Packed, from, to int) {
	p.Reserve(min(src.N, to*Panel)-from*Panel, src.K, src.half != nil)
}

// TransposePanel stores rows 16i … of src, over its panels from … to−1, as panel i.
func (p *Packed) TransposePanel(i int, src *Packed, from, to int) {
	row, rows := i*Panel, min(Panel, src.K-i*Panel)
	var wide, turned [Panel * Panel]float32
	for j := from; j < to; j++ {
		k0 := (j - from) * Panel
		cols := min(Panel, p.K-k0)
		if src.half == nil {
			at := p.full[(i*p.K+k0)*Panel : (i*p.K+k0+cols)*Panel]
			clear(at)
			Transpose(at, Panel, src.full[(j*src.K+row)*Panel:], Panel, rows, cols)
			continue
		}
		widen(wide[:], src.half[j*wordsOf(src.K, Panel)+row/2*Panel:], rows)
		clear(wide[rows*Panel:])
		Transpose(turned[:], Panel, wide[:], Panel, Panel, cols)
		halve(p.half[i*wordsOf(p.K, Panel)+k0/2*Panel:], turned[:], Panel, cols)
	}
}

// Element is number (k, j) of the matrix.
func (p *Packed) Element(k, j int) float32 {
	panel, column := j/Panel, j%Panel
	if p.half == nil {
		return p.full[(panel*p.K+k)*Panel+column]
	}
	return math.Float32frombits(p.half[panel*wordsOf(p.K, Panel)+k/2*Panel+column] << (k % 2 * 16) &^ 0xffff)
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
	for p := gatherPanels(dst, src, stride, k, Panel, cols/Panel); p*Panel < cols; p++ {
		here := min(Panel, cols-p*Panel)
		for i := range k {
			row := dst[(p*k+i)*Panel : (p*k+i+1)*Panel]
			copy(row[:here], src[i*stride+p*Panel:])
			clear(row[here:])
		}
	}
}
