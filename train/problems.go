package train

import (
	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/verify"
)

// Problems is what a run trains on: a task.Family, or a Dataset.
type Problems interface {
	verify.Verifier
	Name() string
	// Problem is the problem at an index of a split, a pure function.
	Problem(split task.Split, seed, index uint64) negativa.Problem
}

// Dataset is the problems of a file, in epochs that are shuffled anew. As in the code of
// 2506.01347, a last batch of an epoch that would not be full is left out.
type Dataset struct {
	verify.Verifier
	Title     string             // names it in logs
	Questions []negativa.Problem // at least one
	Batch     int                // problems a step, ≥ 1
}

// Name implements Problems.
func (d *Dataset) Name() string { return d.Title }

// Problem implements Problems; a dataset has one split.
func (d *Dataset) Problem(_ task.Split, seed, index uint64) negativa.Problem {
	n := uint64(len(d.Questions))
	used := n
	if full := n - n%uint64(d.Batch); full > 0 {
		used = full
	}
	epoch, place := index/used, index%used
	return d.Questions[draw.New(seed, "epoch").At(epoch).Perm(int(n))[place]]
}
