package task

import (
	"slices"

	"github.com/negativa-lab/negativa/internal/draw"
)

// sorting: put numbers in ascending order.
//
// The prompt `7,3,5,3:` is answered `3,3,5,7`. One answer is right. Harder: more numbers,
// of more digits. Prompts with the same numbers are the same problem, so the order in
// which they are asked is drawn from the numbers.
type sorting struct {
	numbers int
	max     int // each is in 0 … max
}

func newSorting(o options) (Family, error) {
	f := &sorting{numbers: 5, max: 50}
	set, err := o.set(option{"numbers", &f.numbers, 2, 16}, option{"max", &f.max, 2, 999})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "sorting", options: set, alphabet: ",0123456789:", form: "7,3,5,3:",
		shape: shaped(`N(?:,N)*`), longest: f.numbers*(width(f.max)+1) - 1, draw: f.draw, read: readSorting,
	})
}

type unordered []int

func (f *sorting) draw(s draw.Source) puzzle {
	numbers := make([]int, f.numbers)
	for i := range numbers {
		numbers[i] = s.IntN(uint64(i), f.max+1)
	}
	slices.Sort(numbers)
	shuffled := make(unordered, len(numbers))
	for i, j := range draw.New(0, "order").Named(joined(numbers, "-")).Perm(len(numbers)) {
		shuffled[i] = numbers[j]
	}
	return shuffled
}

func (u unordered) prompt() string { return joined(u, ",") }

func (u unordered) answers() []string { return []string{joined(slices.Sorted(slices.Values(u)), ",")} }

func readSorting(prompt string) puzzle {
	numbers := integers(prompt)
	if len(numbers) < 2 {
		return nil
	}
	return unordered(numbers)
}
