package task

import (
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// subset: choose some of the given numbers so that they have a given sum.
//
// The prompt `3,5,8,9,14>17:` is answered `3+14` or `8+9` or `3+5+9`, in any order of
// terms; the canonical form is ascending. Several are right, and all can be listed.
// Harder: more numbers, which have more subsets.
type subset struct {
	numbers int
	max     int // each is in 1 … max, none twice
	least   int // the least number of correct answers
}

const mostNumbers = 12

func newSubset(o options) (Family, error) {
	f := &subset{numbers: 6, max: 20, least: 2}
	set, err := o.set(option{"numbers", &f.numbers, 3, mostNumbers}, option{"max", &f.max, 5, 99}, option{"answers", &f.least, 1, 9})
	if err != nil {
		return nil, err
	}
	f.max = max(f.max, f.numbers)
	return list(&listed{
		name: "subset", options: set, alphabet: "+,0123456789:>", form: "3,5,8,9,14>17:",
		shape: shaped(`N(?:\+N)*`), canonical: inOrder, longest: f.numbers * (width(f.max) + 1),
		least: f.least, draw: f.draw, read: readSubset,
	})
}

type choice struct {
	numbers []int // ascending
	sum     int
}

// draw takes the sum of two numbers or more.
func (f *subset) draw(s draw.Source) puzzle {
	c := choice{numbers: distinct(s.At(0), f.numbers, 1, f.max)}
	for _, i := range s.At(1).Perm(f.numbers)[:2+s.IntN(0, f.numbers-2)] {
		c.sum += c.numbers[i]
	}
	return c
}

func (c choice) prompt() string { return joined(c.numbers, ",") + ">" + strconv.Itoa(c.sum) }

func (c choice) answers() []string {
	var out []string
	for chosen := uint(1); chosen < 1<<len(c.numbers); chosen++ {
		sum, terms := 0, []int{}
		for i, n := range c.numbers {
			if chosen>>i&1 == 1 {
				sum, terms = sum+n, append(terms, n)
			}
		}
		if sum == c.sum {
			out = append(out, joined(terms, "+"))
		}
	}
	return out
}

func readSubset(prompt string) puzzle {
	left, right, _ := strings.Cut(prompt, ">")
	c := choice{numbers: integers(left)}
	sum := integers(right)
	if len(sum) != 1 || len(c.numbers) < 2 || len(c.numbers) > mostNumbers || !ascending(c.numbers) {
		return nil
	}
	c.sum = sum[0]
	return c
}
