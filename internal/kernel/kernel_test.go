package kernel

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa/internal/draw"
)

// normals fills a slice with numbers of mixed magnitude, zeros included.
func normals(seed uint64, n int) []float32 {
	s := draw.New(seed, "kernel test")
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(s.Normal(uint64(i)) * math.Exp2(float64(s.At(1).IntN(uint64(i), 9)-4)))
		if s.At(2).IntN(uint64(i), 16) == 0 {
			x[i] = 0
		}
	}
	return x
}

func TestFMAIsRoundedOnce(t *testing.T) {
	check := func(a, b, c float32) {
		t.Helper()
		want := exactFMA(a, b, c)
		for name, f := range map[string]func(a, b, c float32) float32{"fmaExact": fmaExact, "fma": fma} {
			if got := f(a, b, c); math.Float32bits(got) != math.Float32bits(want) {
				t.Errorf("%s(%x, %x, %x) = %x, want %x", name, a, b, c, got, want)
			}
		}
	}
	s := draw.New(1, "fma")
	bits := func(i uint64) float32 {
		for ; ; i += 1 << 40 {
			x := math.Float32frombits(uint32(s.Uint64(i)))
			if x-x == 0 {
				return x
			}
		}
	}
	for i := range uint64(50_000) {
		check(bits(3*i), bits(3*i+1), bits(3*i+2))
		// Halfway cases: c with few bits, a·b just off half of its last place.
		c := float32(1 + i%7)
		check(float32(1+float32(i%5)*0x1p-23), 0x1p-24*(1+float32(i%3)*0x1p-20), c)
		check(float32(1+float32(i%5)*0x1p-23), -0x1p-25, c)
	}
	// Subnormal results, where float32's last place is fixed.
	check(0x1p-75, 0x1p-75, 0x1p-130)
	check(0x1.000002p-75, 0x1.fffffep-76, 0x1p-130)
	check(0x1.8p-75, 0x1p-75, 0x1.000002p-126)
}

// exactFMA computes a·b + c in wide precision and rounds once.
func exactFMA(a, b, c float32) float32 {
	x := new(big.Float).SetPrec(2000).SetFloat64(float64(a))
	x.Mul(x, new(big.Float).SetPrec(2000).SetFloat64(float64(b)))
	x.Add(x, new(big.Float).SetPrec(2000).SetFloat64(float64(c)))
	if x.Sign() == 0 { // the sign of zero is not big.Float's concern
		return float32(float64(a)*float64(b) + float64(c))
	}
	f, _ := x.Float32()
	return f
}

// A reference product written from the law alone: k ascending, fused.
func productByLaw(c []float32, cRow, m, n, k int, a, b View, accumulate bool) {
	for i := range m {
		for j := range n {
			var sum float32
			if accumulate {
				sum = c[i*cRow+j]
			}
			for kk := range k {
				sum = fmaExact(a.Data[i*a.Row+kk*a.Col], b.Data[kk*b.Row+j*b.Col], sum)
			}
			c[i*cRow+j] = sum
		}
	}
}

// Every variant returns the law's bits, in every orientation and at every edge, and
// writes nothing outside its outputs.
func TestGemmVariants(t *testing.T) {
	shapes := [][3]int{{1, 1, 1}, {1, 16, 5}, {6, 16, 1}, {7, 17, 3}, {5, 31, 8}, {13, 48, 33}, {2, 15, 64}, {64, 20, 96}, {12, 16, 0}, {50, 112, 600}, {260, 97, 3}, {8, 16, 2}, {9, 16, 7}, {10, 32, 4}, {11, 16, 3}, {23, 16, 5}}
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for _, s := range shapes {
			for _, accumulate := range []bool{false, true} {
				m, n, k := s[0], s[1], s[2]
				t.Run(fmt.Sprintf("%s/%dx%dx%d/%v", variant, m, n, k, accumulate), func(t *testing.T) {
					checkGemm(t, m, n, k, accumulate)
				})
			}
		}
		restore()
	}
}

const guard = 12345.678

func checkGemm(t *testing.T, m, n, k int, accumulate bool) {
	t.Helper()
	aData, bData, start := normals(1, m*k+7), normals(2, k*n+9), normals(3, m*n)
	cRow := n + 3
	fresh := func() []float32 {
		c := slices.Repeat([]float32{guard}, Panel+m*cRow+Panel)
		for i := range m {
			copy(c[Panel+i*cRow:][:n], start[i*n:])
		}
		return c
	}
	for _, a := range []View{Dense(aData, k), Dense(aData, m).T()} {
		for _, b := range []View{Dense(bData, n), Dense(bData, k).T()} {
			want := fresh()
			productByLaw(want[Panel:], cRow, m, n, k, a, b, accumulate)

			var packed Packed
			packed.Pack(b, k, n)
			got := fresh()
			GemmPacked(got[Panel:], cRow, m, a, &packed, accumulate)
			sameBits(t, "GemmPacked", got, want)

			var left Left
			left.Set(m, a, &packed)
			got = fresh()
			for from, panels := 0, packed.Panels(); from < panels; from += 3 {
				GemmLeft(got[Panel:], cRow, &left, &packed, from, min(from+3, panels), accumulate)
			}
			sameBits(t, "GemmLeft", got, want)

			if b.Col == 1 {
				got := fresh()
				Gemm(got[Panel:], cRow, m, n, k, a, b.Data, b.Row, accumulate)
				sameBits(t, "Gemm", got, want)
			}
		}
	}
}

func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		same := math.Float32bits(got[i]) == math.Float32bits(want[i])
		if bothNaN := got[i] != got[i] && want[i] != want[i]; !same && !bothNaN {
			t.Fatalf("%s: element %d = %v, want %v", name, i, got[i], want[i])
		}
	}
}

// Cutting k and accumulating continues the same chain of additions.
func TestGemmSplitOverKIsExact(t *testing.T) {
	const m, n, k, cut = 9, 32, 50, 17
	a, b := normals(4, m*k), normals(5, k*n)
	whole, parts := make([]float32, m*n), make([]float32, m*n)
	Gemm(whole, n, m, n, k, Dense(a, k), b, n, false)
	Gemm(parts, n, m, n, cut, Dense(a, k), b, n, false)
	Gemm(parts, n, m, n, k-cut, Dense(a, k).From(0, cut), b[cut*n:], n, true)
	sameBits(t, "two halves", parts, whole)
}

// rowPrimitives makes everything that the row primitives make of three rows of numbers,
// in place where they work so, with guards before and behind the outputs.
func rowPrimitives(t *testing.T, x, y, z []float32) []float32 {
	t.Helper()
	n := len(x)
	out := func(from []float32) []float32 {
		guards := slices.Repeat([]float32{guard}, lanes)
		o := slices.Concat(guards, from, guards)
		t.Cleanup(func() {
			if !slices.Equal(o[:lanes], guards) || !slices.Equal(o[lanes+n:], guards) {
				t.Errorf("a primitive wrote beside a row of %d", n)
			}
		})
		return o[lanes : lanes+n : lanes+n]
	}
	blank := make([]float32, n)
	act, sigmoid, exp, soft := out(blank), out(blank), out(blank), out(x)
	SwiGLU(act, sigmoid, x, y)
	sum, top := expShifted(exp, x)
	sums := []float32{sum, Dot(x, y), top + 0} // the sign of a zero maximum is free
	Softmax(soft)
	dgate, dup := out(z), out(blank)
	SwiGLUBackward(dgate, dup, dgate, sigmoid, x, y)
	normed, dx, dw := out(blank), out(z), out(z)
	rstd := []float32{0}
	RMSNorm(normed, x, y, rstd, 1e-6)
	RMSNormBackward(dx, y, x, z, rstd)
	RMSNormWeightBackward(dw, y, x, rstd)
	added, scaledSum, scaled := out(x), out(x), out(x)
	Add(added, y)
	AddScaled(scaledSum, y, z[0])
	Scale(scaled, z[0])
	all := slices.Concat(act, sigmoid, exp, soft, dgate, dup, normed, dx, dw, added, scaledSum, scaled, sums, rstd)
	squares := SumSquares(x)
	all = append(all, float32(squares), float32(squares-float64(float32(squares))))
	if n%2 == 0 {
		turned, back := out(x), out(x)
		rope := NewRoPE(9, Frequencies(n, 1e4), 1)
		rope.Rotate(turned, 7)
		rope.RotateBack(back, 3)
		all = slices.Concat(all, turned, back)
	}
	return all
}

// The row primitives return the same bits in every variant, at every length and for
// every kind of number.
func TestRowVariantsAgree(t *testing.T) {
	hostile := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), -87.33654, -87.4, 88.72283, 88.8, 0, 1e-40, -1e38, 3e38}
	for n := 1; n < 70; n++ {
		x, y, z := normals(uint64(n), n), normals(uint64(n+1), n), normals(uint64(n+2), n)
		for i := range x {
			x[i] *= 8
		}
		if n%3 == 0 {
			copy(x[n/5:], hostile)
		}
		if n%9 == 0 {
			x[0] = float32(math.NaN())
		}
		checkRows(t, x, y, z)
	}
}

func checkRows(t *testing.T, x, y, z []float32) {
	t.Helper()
	var want []float32
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		got := rowPrimitives(t, x, y, z)
		restore()
		if want == nil {
			want = got
		}
		sameBits(t, fmt.Sprintf("%s at length %d", variant, len(x)), got, want)
	}
}

// The norms of several rows are those of each row alone, and nothing is written behind them.
func TestNormsOfRowsAreThoseOfEachRow(t *testing.T) {
	for _, variant := range Variants() {
		for _, n := range []int{1, 15, 16, 32, 37, 70} {
			for rows := range 5 {
				t.Run(fmt.Sprintf("%s/%dx%d", variant, rows, n), func(t *testing.T) {
					restore, _ := SetVariant(variant)
					defer restore()
					checkNorms(t, rows, n)
				})
			}
		}
	}
}

func checkNorms(t *testing.T, rows, n int) {
	t.Helper()
	x, dy, w := normals(1, rows*n), normals(2, rows*n), normals(3, n)
	all := func(step int) [][]float32 {
		guards := slices.Repeat([]float32{guard}, lanes)
		y, rstd := slices.Concat(make([]float32, rows*n), guards), slices.Concat(make([]float32, rows), guards)
		dx, dw := slices.Concat(normals(4, rows*n), guards), slices.Concat(normals(5, n), guards)
		for i := 0; i < rows; i += step {
			from, to := i*n, (i+step)*n
			RMSNorm(y[from:to], x[from:to], w, rstd[i:i+step], 1e-6)
			RMSNormBackward(dx[from:to], dy[from:to], x[from:to], w, rstd[i:i+step])
			RMSNormWeightBackward(dw[:n], dy[from:to], x[from:to], rstd[i:i+step])
		}
		return [][]float32{y, rstd, dx, dw}
	}
	want, got := all(1), all(max(rows, 1))
	for i := range want {
		sameBits(t, "norms", got[i], want[i])
	}
}

// The softmax of rows that see further and further is that of what each sees, in every
// variant; the rest becomes zero, and nothing is written behind it.
func TestCausalSoftmaxIsThatOfWhatEachRowSees(t *testing.T) {
	for _, c := range []Causal{
		{Stride: 16, Rows: 1, Seen: 1, More: 1, Wide: 16},
		{Stride: 48, Rows: 17, Seen: 1, More: 1, Wide: 32},
		{Stride: 64, Rows: 5, Seen: 30, More: 1, Wide: 48},
		{Stride: 80, Rows: 3, Seen: 16, More: 0, Wide: 32},
		{Stride: 160, Rows: 64, Seen: 70, More: 1, Wide: 144},
	} {
		n := (c.Rows-1)*c.Stride + c.Wide
		x, d := normals(1, n), normals(2, n)
		if c.Rows == 3 {
			x[1], x[c.Stride], d[2*c.Stride+5] = float32(math.Inf(1)), float32(math.NaN()), float32(math.NaN())
		}
		wantX, wantD := slices.Clone(x), slices.Clone(d)
		for i := range c.Rows {
			p, q := wantX[i*c.Stride:i*c.Stride+c.Wide], wantD[i*c.Stride:i*c.Stride+c.Wide]
			seen := c.Seen + i*c.More
			Scale(p[:seen], 0.3)
			Softmax(p[:seen])
			clear(p[seen:])
			sum := Dot(q[:seen], p[:seen])
			for j := range seen {
				q[j] = p[j] * (q[j] - sum) * 0.3
			}
			clear(q[seen:])
		}
		for _, variant := range Variants() {
			restore, _ := SetVariant(variant)
			guards := slices.Repeat([]float32{guard}, lanes)
			gotX, gotD := slices.Concat(x, guards), slices.Concat(d, guards)
			c.Softmax(gotX, 0.3)
			c.SoftmaxBackward(gotD, gotX, 0.3)
			restore()
			sameBits(t, fmt.Sprintf("%s: softmax of %+v", variant, c), gotX, slices.Concat(wantX, guards))
			sameBits(t, fmt.Sprintf("%s: its gradient of %+v", variant, c), gotD, slices.Concat(wantD, guards))
		}
	}
}

func FuzzRowVariantsAgree(f *testing.F) {
	f.Add(uint64(1), uint8(37), uint8(5), uint32(0x7fc00000))
	f.Add(uint64(2), uint8(16), uint8(15), uint32(1<<31))
	f.Add(uint64(3), uint8(31), uint8(30), uint32(0x42b17218)) // where Exp overflows
	f.Fuzz(func(t *testing.T, seed uint64, n, at uint8, bits uint32) {
		if n == 0 {
			t.Skip()
		}
		x, y, z := normals(seed, int(n)), normals(seed+1, int(n)), normals(seed+2, int(n))
		x[int(at)%len(x)] = math.Float32frombits(bits)
		checkRows(t, x, y, z)
	})
}

func FuzzGemmVariantsAgree(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint8(17), uint8(9), true)
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint8, accumulate bool) {
		if m == 0 || n == 0 || int(m)*int(n)*int(k) > 1<<15 {
			t.Skip()
		}
		checkSeeded(t, seed, int(m), int(n), int(k), accumulate)
	})
}

func checkSeeded(t *testing.T, seed uint64, m, n, k int, accumulate bool) {
	a, b := normals(seed, m*k+1), normals(seed+1, k*n+1)
	var want []float32
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		c := normals(seed+2, m*n)
		Gemm(c, n, m, n, k, Dense(a, k), b, n, accumulate)
		restore()
		if want == nil {
			want = c
		}
		sameBits(t, variant, c, want)
	}
}

func TestExpIsAccurate(t *testing.T) {
	worst := 0.0
	for x := float32(-87.3); x < 88.7; x += 0.00137 {
		want := math.Exp(float64(x))
		ulp := float64(math.Nextafter32(float32(want), math.MaxFloat32)) - float64(float32(want))
		worst = max(worst, math.Abs(float64(Exp(x))-want)/ulp)
	}
	if worst > 2 {
		t.Errorf("worst error of Exp is %.2f units in the last place, want ≤ 2", worst)
	}
	for x, want := range map[float32]float32{0: 1, -200: 0, 200: float32(math.Inf(1))} {
		if got := Exp(x); got != want {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := Exp(float32(math.NaN())); got == got {
		t.Errorf("Exp(NaN) = %v", got)
	}
}

// What follows a row, or zeros appended to it, must not change the row's result: the
// key-value cache and the packed batch compute the same attention.
func TestReductionsIgnoreWhatFollows(t *testing.T) {
	for n := 1; n < 70; n++ {
		x, y := normals(6, n), normals(7, n)
		padded := append(append([]float32{}, x...), make([]float32, 40)...)
		if Dot(x, y) != Dot(padded, append(append([]float32{}, y...), make([]float32, 40)...)) {
			t.Errorf("Dot of %d numbers changes when zeros follow", n)
		}
		long := append(append([]float32{}, x...), normals(8, 30)...)
		short := append([]float32{}, x...)
		Softmax(short)
		Softmax(long[:n])
		sameBits(t, "Softmax", long[:n], short)
	}
}

func TestParallelCallsEachIndexOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 7} {
		counts := make([]int, 100)
		Parallel(threads, len(counts), func(i int) { counts[i]++ })
		for i, c := range counts {
			if c != 1 {
				t.Errorf("%d threads: index %d ran %d times", threads, i, c)
			}
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{1024, 96, 256}, {1024, 256, 96}, {1024, 96, 96}, {64, 96, 96}} {
		m, n, k := s[0], s[1], s[2]
		a, w, c := normals(1, m*k), normals(2, k*n), make([]float32, m*n)
		var packed Packed
		packed.Pack(Dense(w, n), k, n)
		for _, variant := range Variants() {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", variant, m, n, k), func(b *testing.B) {
				restore, _ := SetVariant(variant)
				defer restore()
				for b.Loop() {
					GemmPacked(c, n, m, Dense(a, k), &packed, false)
				}
				rate := 2 * float64(m*n*k) * float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(rate/1e9, "GFLOP/s")
				b.ReportMetric(100*rate/Peak(), "%peak")
			})
		}
	}
}

// A product with halved weights has the bits of the law's product of rounded weights.
func TestHalvedProductVariants(t *testing.T) {
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for _, s := range [][3]int{{1, 16, 5}, {1, 33, 200}, {7, 17, 3}, {13, 48, 33}, {6, 32, 130}, {3, 20, 64}, {4, 16, 1}, {5, 16, 9}, {2, 16, 70}, {170, 17, 819}, {130, 33, 585}} {
			m, n, k := s[0], s[1], s[2]
			a, b := normals(1, m*k), normals(2, k*n)
			RoundHalf(a, a)
			rounded := make([]float32, len(b))
			RoundHalf(rounded, b)
			for _, view := range []View{Dense(b, n), Dense(b, k).T()} {
				exact := view
				exact.Data = rounded
				for _, accumulate := range []bool{false, true} {
					want, got := normals(3, m*n), normals(3, m*n)
					productByLaw(want, n, m, n, k, Dense(a, k), exact, accumulate)
					var packed Packed
					packed.PackHalf(view, k, n)
					GemmPacked(got, n, m, Dense(a, k), &packed, accumulate)
					sameBits(t, fmt.Sprintf("%s %dx%dx%d", variant, m, n, k), got, want)
				}
			}
		}
		restore()
	}
}

// Rounding to bfloat16 is to nearest, ties to even, in every variant.
func TestRoundHalf(t *testing.T) {
	bits := math.Float32frombits
	cases := map[float32]float32{
		1: 1, 0: 0, bits(0x3f808000): 1, bits(0x3f808001): bits(0x3f810000), bits(0x3f818000): bits(0x3f820000),
		bits(0x3f817fff): bits(0x3f810000), float32(math.Inf(-1)): float32(math.Inf(-1)), math.MaxFloat32: float32(math.Inf(1)),
		bits(0xbf808000): -1, bits(0x00008001): bits(0x00010000),
	}
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for x, want := range cases {
			row := slices.Repeat([]float32{x}, 9)
			RoundHalf(row, row)
			for i, got := range row {
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Errorf("%s: element %d: RoundHalf(%x) = %x, want %x", variant, i, x, got, want)
				}
			}
		}
		row := slices.Repeat([]float32{bits(0x7f800001)}, 9)
		RoundHalf(row, row)
		if slices.ContainsFunc(row, func(v float32) bool { return v == v }) {
			t.Errorf("%s: what is not a number rounds to %v", variant, row)
		}
		restore()
	}
}

func TestTransposeVariants(t *testing.T) {
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for _, s := range [][2]int{{1, 1}, {8, 8}, {16, 33}, {7, 20}, {23, 9}, {24, 64}, {9, 7}} {
			rows, cols := s[0], s[1]
			srcRow, dstRow := cols+2, rows+3
			src := normals(1, rows*srcRow-2)
			dst := slices.Repeat([]float32{guard}, cols*dstRow+1)
			Transpose(dst, dstRow, src, srcRow, rows, cols)
			for i, v := range dst {
				want := float32(guard)
				if r, c := i%dstRow, i/dstRow; r < rows && c < cols {
					want = src[r*srcRow+c]
				}
				if v != want {
					t.Fatalf("%s: %dx%d: element %d = %v, want %v", variant, rows, cols, i, v, want)
				}
			}
		}
		restore()
	}
}

func TestAdamWVariants(t *testing.T) {
	rule := AdamW{LearningRate: 1e-3, Beta1: .9, Beta2: .999, Epsilon: 1e-2, WeightDecay: .1, Step: 3, Scale: .7}
	for n := range 23 {
		var want []float32
		for _, variant := range Variants() {
			restore, _ := SetVariant(variant)
			p, m, v := normals(1, n), normals(2, n), normals(3, n)
			for i := range v {
				v[i] *= v[i]
			}
			rule.Update(p, normals(4, n), m, v)
			restore()
			got := slices.Concat(p, m, v)
			if want == nil {
				want = got
			}
			sameBits(t, variant, got, want)
		}
	}
}

// A product over more rows than are multiplied at once, from rows far apart.
func TestGemmOfManyRows(t *testing.T) {
	const m, n, k = 49, 400, chunk + 3
	if !gathers(m, n) {
		t.Fatal("the panels are not copied")
	}
	a, b := normals(1, m*k), normals(2, k*n)
	want, got, packed := make([]float32, m*n), make([]float32, m*n), make([]float32, m*n)
	for i := range m {
		for j := range n {
			for kk := range k {
				want[i*n+j] = fma(a[i*k+kk], b[kk*n+j], want[i*n+j])
			}
		}
	}
	Gemm(got, n, m, n, k, Dense(a, k), b, n, false)
	sameBits(t, "Gemm", got, want)
	var p Packed
	p.Pack(Dense(b, n), k, n)
	GemmPacked(packed, n, m, Dense(a, k), &p, false)
	sameBits(t, "GemmPacked", packed, want)
}

// C += Aᵀ·B continues the chain of additions over all rows, whichever columns of A it takes.
func TestGemmOuterVariants(t *testing.T) {
	for _, variant := range Variants() {
		restore, _ := SetVariant(variant)
		for _, s := range [][4]int{{1, 1, 1, 1}, {7, 17, 3, 9}, {20, 33, 2*outerDepth + 5, 20}, {96, 100, outerDepth + 1, 256}} {
			m, n, k, aRow := s[0], s[1], s[2], s[3]
			a, b := normals(1, k*aRow), normals(2, k*n)
			want, got := normals(3, m*n), normals(3, m*n)
			productByLaw(want, n, m, n, k, Dense(a, aRow).T(), Dense(b, n), true)
			GemmOuter(got, n, m, n, k, a, aRow, b, n)
			sameBits(t, fmt.Sprintf("%s %v", variant, s), got, want)
		}
		restore()
	}
}

func TestPeakIsMeasuredWhereThereIsAssembly(t *testing.T) {
	if peak := Peak(); (peak > 0) != (len(Variants()) > 1) {
		t.Errorf("the peak is %v for the variants %v", peak, Variants())
	}
}
