package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Print writes a report for people. The last columns are the machine's best around
// each work.
func (r Report) Print(w io.Writer) error {
	c := r.Conditions
	if _, err := fmt.Fprintf(w, "%s, %d threads, kernel %s, %s, %s %s/%s\npeak %s GFLOP/s, memory read %s GB/s\n",
		orUnknown(c.CPU), c.Threads, c.Kernel, c.DType, c.Go, c.OS, c.Arch, c.PeakFlops, c.Bandwidth); err != nil {
		return err
	}
	if len(r.Results) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	longest := 0
	for _, x := range r.Results {
		longest = max(longest, len(x.Name))
	}
	fmt.Fprintf(t, "\n%-*s\t rate\t\t median\t min\t max\t runs\t floor\t of it\t peak\t read\t\n", longest, "work")
	for _, x := range r.Results {
		fmt.Fprintf(t, "%-*s\t %s\t %s\t %s\t %s\t %s\t %d\t %s\t %s\t %.0f\t %.1f\t\n", longest, x.Name, digits(x.Rate), x.Unit,
			seconds(x.Seconds), seconds(x.MinSeconds), seconds(x.MaxSeconds), x.Runs,
			seconds(x.FloorSeconds), percent(x.Fraction), x.Machine.Flops/1e9, x.Machine.Bytes/1e9)
	}
	return t.Flush()
}

// String is the range's ends.
func (r Range) String() string {
	return fmt.Sprintf("%s to %s", digits(r.Min), digits(r.Max))
}

// Note is a result in a few words.
func (r Result) Note() string {
	return fmt.Sprintf("%s  %s %s  %s of the floor", r.Name, digits(r.Rate), r.Unit, percent(r.Fraction))
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown CPU"
	}
	return name
}

// digits shows three significant ones, and all before the point.
func digits(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func seconds(s float64) string {
	if s == 0 {
		return "–"
	}
	d := time.Duration(s * 1e9)
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Nanosecond).String()
}

func percent(fraction float64) string {
	if fraction == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*fraction)
}
