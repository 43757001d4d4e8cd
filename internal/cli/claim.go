package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/negativa-lab/negativa/claim"
	"github.com/negativa-lab/negativa/report"
)

type claimCommand struct {
	List   claimListCommand   `cmd:"" help:"List the claims with what they were found to be."`
	Run    claimRunCommand    `cmd:"" help:"Measure claims; seeds that were measured before are not measured again."`
	Report claimReportCommand `cmd:"" help:"Write a page and a table of all claims."`
}

// resultsFlag is where results are kept.
type resultsFlag struct {
	Results string `name:"results" type:"path" default:"claim/results" help:"Folder of results; those that it lacks are the ones that ship in the program."`
}

type claimListCommand struct {
	resultsFlag
	JSON bool `name:"json" help:"Print JSON."`
}

func (c *claimListCommand) Run(a *app) error {
	results, err := c.load()
	if err != nil {
		return badInput(err)
	}
	if c.JSON {
		for i := range results {
			results[i].Runs, results[i].Environment = nil, nil
		}
		raw, err := json.Marshal(results)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s\n", raw)
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "claim\tverdict\tfound\tholds if\tstatement")
	for _, r := range results {
		row := ledgerRow(r)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row.ID, row.Verdict, row.Value, row.Predicate, row.Statement)
	}
	return w.Flush()
}

func (f resultsFlag) load() ([]claim.Result, error) {
	var results []claim.Result
	for _, c := range claim.All() {
		r, err := claim.Load(f.Results, c)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// ledgerRow is a result in words.
func ledgerRow(r claim.Result) report.LedgerRow {
	row := report.LedgerRow{
		ID: r.ID, Statement: r.Statement, Source: r.Source, Literature: r.Literature, Quantity: r.Quantity,
		Predicate: r.Predicate, Conditions: r.Preset, Value: "–", Verdict: "not run",
	}
	if r.Value != nil {
		row.Value = fmt.Sprintf("%.4g [%.4g, %.4g]", *r.Value, r.Interval[0], r.Interval[1])
		if len(r.Runs) == 1 { // of which there is no interval
			row.Value = fmt.Sprintf("%.4g", *r.Value)
		}
		row.Verdict = string(*r.Verdict)
		row.Conditions += fmt.Sprintf("; %d seeds, %.0f s", len(r.Runs), r.Seconds)
		beside := r.Beside()
		for _, name := range slices.Sorted(maps.Keys(beside)) {
			row.Beside = append(row.Beside, fmt.Sprintf("%s %.4g", strings.ReplaceAll(name, "\n", ", "), beside[name]))
		}
	}
	return row
}

type claimRunCommand struct {
	IDs []string `arg:"" optional:"" name:"id" help:"Claims to measure."`
	All bool     `name:"all" help:"Measure all claims."`
	resultsFlag
	Quick   bool `name:"quick" help:"Fewer steps, problems and samples: shows that a claim runs, and judges nothing."`
	Again   bool `name:"again" help:"Measure again what was measured before."`
	JSON    bool `name:"json" help:"Print JSON."`
	Threads int  `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No value depends on it."`
}

// Help is what `negativa claim run --help` says beside the flags.
func (c *claimRunCommand) Help() string {
	return `A claim is measured with its seeds one after the other; each value is kept as it comes, and
a run that was stopped goes on. Its verdict: holds, if the 95 % interval of the mean over
seeds lies within the claim's range; fails, if it lies outside; else cannot tell.

Examples:  negativa claim run F1 F2 C7
           negativa claim run --all`
}

func (c *claimRunCommand) Run(a *app) error {
	claims, err := c.claims()
	if err != nil {
		return badInput(err)
	}
	lab, err := claim.NewLab(c.Quick, threads(c.Threads))
	if err != nil {
		return err
	}
	err = c.measure(a, lab, claims)
	return errors.Join(err, lab.Close())
}

func (c *claimRunCommand) claims() ([]claim.Claim, error) {
	if c.All {
		return claim.All(), nil
	}
	if len(c.IDs) == 0 {
		return nil, errors.New("name the claims to measure, or give --all (negativa claim list names them)")
	}
	var claims []claim.Claim
	for _, id := range c.IDs {
		found, err := claim.Find(id)
		if err != nil {
			return nil, err
		}
		claims = append(claims, found)
	}
	return claims, nil
}

func (c *claimRunCommand) measure(a *app, lab *claim.Lab, claims []claim.Claim) error {
	for _, one := range claims {
		p := a.start("claim "+one.ID, one.Seeds)
		r, err := claim.Measure(a.ctx, lab, one, c.Results, c.Again, func(run claim.Run) {
			p.add(1, fmt.Sprintf("seed %d: %.4g", run.Seed, run.Value))
		})
		p.stop()
		if err != nil {
			return err
		}
		if err := c.print(a, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *claimRunCommand) print(a *app, r claim.Result) error {
	if c.JSON {
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s\n", raw)
		return err
	}
	row := ledgerRow(r)
	note := ""
	if r.Quick {
		note = " (quick: it judges nothing)"
	}
	if _, err := fmt.Fprintf(a.stdout, "%s  %s\n    %s\n    %s, holds if %s: %s%s\n", r.ID, row.Statement, row.Quantity, row.Value, row.Predicate, row.Verdict, note); err != nil {
		return err
	}
	for _, number := range row.Beside {
		if _, err := fmt.Fprintf(a.stdout, "      %s\n", number); err != nil {
			return err
		}
	}
	return nil
}

type claimReportCommand struct {
	resultsFlag
	Out string `name:"out" type:"path" help:"Folder of the page (the results' own)."`
}

func (c *claimReportCommand) Run(a *app) error {
	results, err := c.load()
	if err != nil {
		return badInput(err)
	}
	var l report.Ledger
	for _, r := range results {
		l.Rows = append(l.Rows, ledgerRow(r))
	}
	if c.Out == "" {
		c.Out = c.Results
	}
	page, err := l.Write(c.Out)
	if err != nil {
		return err
	}
	if err := l.Markdown(a.stdout); err != nil {
		return err
	}
	a.log.Info("wrote", "page", filepath.Clean(page))
	return nil
}
