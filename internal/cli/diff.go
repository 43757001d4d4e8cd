package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/report"
)

type diffCommand struct {
	Base       string   `arg:"" name:"base" help:"Folder of the model before."`
	Tuned      []string `arg:"" name:"tuned" help:"Folders of the model after; with several, they are compared with each other too."`
	NoRanks    bool     `name:"no_ranks" aliases:"no-ranks" help:"Leave out ranks, drift and angles, which take seconds for a large matrix."`
	Mask       string   `name:"mask" type:"path" placeholder:"FILE" help:"Write a mask of the weights that changed, for train --update_mask."`
	RandomMask string   `name:"random_mask" aliases:"random-mask" type:"path" placeholder:"FILE" help:"Write a mask of as many weights of each tensor in random places."`
	Seed       uint64   `name:"seed" default:"1" help:"Seed of what is put in random places."`
	Out        string   `name:"out" type:"path" placeholder:"FOLDER" help:"Folder for a page and heat maps; report shows those in a run's folder diff."`
	JSON       bool     `name:"json" help:"Print JSON."`
	Threads    int      `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
}

// Help is what `negativa diff --help` says beside the flags.
func (c *diffCommand) Help() string {
	return `Which weights changed, by three definitions (arXiv 2505.11711): their bits in the stored
type, |Δ| > 1e-5, |Δ| > 1e-3 of the weight; the rank and stable rank of what was added;
how far singular values drifted, ‖σ(W′) − σ(W)‖ / ‖σ(W)‖, and by which angles the spans of
the 16 leading singular vectors turned (2511.08567); all beside the same numbers in random
places. And for several trainings of one base what they share, beside chance. Folders are
read tensor by tensor.

Examples:  negativa diff ./Qwen2.5-Math-7B ./tuned --no_ranks
           negativa diff base.d nsr.d psr.d --out diff`
}

// diffJSON is what --json prints.
type diffJSON struct {
	diagnose.Diff
	Tunings  []diagnose.Diff   `json:"tunings,omitempty"` // the others, where there are several
	Overlap  *diagnose.Overlap `json:"overlap,omitempty"` // of two
	Overlaps []diagnose.Pair   `json:"overlaps,omitempty"`
}

func (c *diffCommand) Run(a *app) error {
	o := diagnose.Options{Ranks: !c.NoRanks, Threads: c.Threads, Seed: c.Seed}
	var changes report.Changes
	for _, tuned := range c.Tuned {
		d, err := c.compare(a, tuned, o)
		if err != nil {
			return badInput(err)
		}
		changes.Diffs = append(changes.Diffs, d)
	}
	var err error
	if changes.Pairs, err = diagnose.Overlaps(a.ctx, c.Base, c.Tuned, o); err != nil {
		return badInput(err)
	}
	if err := c.masks(a); err != nil {
		return badInput(err)
	}
	if c.Out != "" {
		page, err := changes.Write(c.Out)
		if err != nil {
			return err
		}
		a.log.Info("wrote", "page", page)
	}
	if !c.JSON {
		return changes.Print(a.stdout)
	}
	out := diffJSON{Diff: changes.Diffs[0], Tunings: changes.Diffs[1:], Overlaps: changes.Pairs}
	if len(changes.Pairs) == 1 {
		out.Overlap = &changes.Pairs[0].Overlap
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n", raw)
	return err
}

func (c *diffCommand) compare(a *app, tuned string, o diagnose.Options) (diagnose.Diff, error) {
	names, err := diagnose.Names(c.Base)
	if err != nil {
		return diagnose.Diff{}, err
	}
	p := a.start("compare", len(names))
	defer p.stop()
	o.Each = func(tensor string) { p.add(1, tensor) }
	return diagnose.Folders(a.ctx, c.Base, tuned, o)
}

func (c *diffCommand) masks(a *app) error {
	if (c.Mask != "" || c.RandomMask != "") && len(c.Tuned) != 1 {
		return errors.New("a mask is of one training: name one folder")
	}
	if c.Mask != "" {
		if err := diagnose.WriteMask(a.ctx, c.Mask, c.Base, c.Tuned[0]); err != nil {
			return err
		}
	}
	if c.RandomMask != "" {
		return diagnose.WriteRandomMask(a.ctx, c.RandomMask, c.Base, c.Tuned[0], c.Seed)
	}
	return nil
}
