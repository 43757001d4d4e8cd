package bench

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// Machine is what all threads together reach at best.
type Machine struct {
	Flops float64 // a second: products and sums in registers, of the numbers that the work multiplies; 0 where it is not known
	Bytes float64 // a second, read from memory
}

// best takes the better of each.
func (m Machine) best(n Machine) Machine {
	return Machine{max(m.Flops, n.Flops), max(m.Bytes, n.Bytes)}
}

// Conditions are what results depend on beside the program.
type Conditions struct {
	CPU       string  `json:"cpu"` // its name; empty where the system does not tell
	Kernel    string  `json:"kernel"`
	Threads   int     `json:"threads"`
	Go        string  `json:"go"`
	OS        string  `json:"os"`
	Arch      string  `json:"arch"`
	DType     string  `json:"dtype"`
	Seconds   float64 `json:"seconds"`
	Seed      uint64  `json:"seed"`
	PeakFlops Range   `json:"peak_gflops"` // best and worst around the works
	Bandwidth Range   `json:"read_gb_per_second"`

	Skipped []string `json:"skipped,omitempty"` // works that could not be prepared, and why
}

// Range holds all measurements of a rate.
type Range struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

func (r *Range) include(x float64) {
	if *r == (Range{}) {
		*r = Range{x, x}
	}
	*r = Range{min(r.Min, x), max(r.Max, x)}
}

func newConditions(o Options) Conditions {
	return Conditions{
		CPU: cpuName("/proc/cpuinfo"), Kernel: kernel.Variant(), Threads: o.Threads,
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		DType: string(o.Precision), Seconds: o.Seconds, Seed: o.Seed,
	}
}

func (c *Conditions) observe(m Machine) {
	c.PeakFlops.include(m.Flops / 1e9)
	c.Bandwidth.include(m.Bytes / 1e9)
}

// cpuName is the first model name in a file of /proc/cpuinfo's form.
func cpuName(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// probe measures the machine.
type probe struct {
	threads int
	buffer  []uint64
	sums    [32]uint64 // of what was read, so that reading is not left out
}

// bufferBytes is far more than caches hold.
const bufferBytes = 512 << 20

func newProbe(threads int) *probe { return &probe{threads: threads} }

// measure takes about a tenth of a second. half is for products of bfloat16 numbers.
func (p *probe) measure(half bool) Machine {
	peak := kernel.Peak
	if half {
		peak = kernel.PeakHalf
	}
	return Machine{Flops: p.flops(peak), Bytes: p.bandwidth()}
}

// flops adds the best of each thread while all are busy.
func (p *probe) flops(peak func() float64) float64 {
	best := make([]float64, p.threads)
	var all sync.WaitGroup // not kernel.Parallel, which may give one worker two threads' turns
	for thread := range best {
		all.Go(func() {
			for range 16 { // some 20 ms: the threads meet whatever the order they start in
				best[thread] = max(best[thread], peak())
			}
		})
	}
	all.Wait()
	total := 0.0
	for _, b := range best {
		total += b
	}
	return total
}

// bandwidth is that of the fastest stretch of the buffer. A stretch takes a millisecond or
// two, about as long as other programs let go of the machine.
func (p *probe) bandwidth() float64 {
	if p.buffer == nil {
		p.buffer = make([]uint64, bufferBytes/8)
		for i := range p.buffer { // pages that nobody has written to are all one
			p.buffer[i] = uint64(i)
		}
	}
	const stretch, piece = 32 << 20 / 8, 1 << 20 / 8
	best := 0.0
	for at := 0; at < len(p.buffer); at += stretch {
		start := time.Now()
		kernel.Parallel(p.threads, stretch/piece, func(i int) {
			p.sums[i] += sum(p.buffer[at+i*piece : at+(i+1)*piece])
		})
		best = max(best, 8*stretch/time.Since(start).Seconds())
	}
	return best
}

// sum reads four runs at once: a core fetches ahead in each, and so asks for more of memory
// than in one.
func sum(x []uint64) uint64 {
	n := len(x) / 4
	p, q, r, t := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
	var a, b, c, d uint64
	for len(p) >= 4 && len(q) >= 4 && len(r) >= 4 && len(t) >= 4 {
		a += p[0] + p[1] + p[2] + p[3]
		b += q[0] + q[1] + q[2] + q[3]
		c += r[0] + r[1] + r[2] + r[3]
		d += t[0] + t[1] + t[2] + t[3]
		p, q, r, t = p[4:], q[4:], r[4:], t[4:]
	}
	total := a + b + c + d
	for _, rest := range [][]uint64{p, q, r, t, x[4*n:]} {
		for _, v := range rest {
			total += v
		}
	}
	return total
}
