package cli

import (
	"fmt"

	"github.com/negativa-lab/negativa/report"
)

type reportCommand struct {
	Dir string `arg:"" type:"path" help:"Folder that demo or train wrote."`
}

// Help is what `negativa report --help` says beside the flags.
func (c *reportCommand) Help() string {
	return "Writes report.html, one file that needs no network, and the pictures as SVG beside it."
}

func (c *reportCommand) Run(a *app) error {
	page, err := report.Write(c.Dir)
	if err != nil {
		return badInput(err)
	}
	_, err = fmt.Fprintln(a.stdout, page)
	return err
}
