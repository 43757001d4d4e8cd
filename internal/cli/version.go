package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/verify"
)

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

func (c *versionCommand) Run(a *app) error {
	e := rundir.NewEnvironment(runtime.GOMAXPROCS(0), 0)
	v := map[string]any{
		"version": e.Version, "commit": e.Commit, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		"kernel": kernel.Variant(), "verifier": verify.Version, "base": base.Hash(),
	}
	if c.JSON {
		return printJSON(a.stdout, v)
	}
	_, err := fmt.Fprintf(a.stdout, "negativa %s (%s, %s/%s, kernel %s, verifier %s, base %.12s)\n",
		e.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Variant(), verify.Version, base.Hash())
	return err
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
