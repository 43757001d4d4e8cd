// Package cli is the command line: one file a command, each an options struct with a Run
// method. Results go to standard output, progress and logs to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/negativa-lab/negativa/internal/grade"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/verify"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // wrong usage or bad input
	exitInterrupted = 130
)

type commands struct {
	Demo     demoCommand     `cmd:"" help:"Train the base model with PSR, NSR, W-REINFORCE, GRPO and PPO and draw Pass@1 to Pass@256."`
	Train    trainCommand    `cmd:"" help:"Train a model with one objective."`
	SFT      sftCommand      `cmd:"" name:"sft" help:"Fine-tune a model on examples."`
	Eval     evalCommand     `cmd:"" help:"Measure Pass@k of a model, a server, or a file of samples."`
	Compare  compareCommand  `cmd:"" help:"Compare two evaluations of the same problems."`
	Claim    claimCommand    `cmd:"" help:"Test what the literature claims, by programs that can fail."`
	Diff     diffCommand     `cmd:"" help:"Show what training changed in the weights of a model."`
	Grade    gradeCommand    `cmd:"" help:"Grade a file of responses against gold answers."`
	Serve    serveCommand    `cmd:"" help:"Serve rewards to trainers over HTTP."`
	Score    scoreCommand    `cmd:"" help:"Print log-probabilities and entropies of given tokens or texts."`
	Model    modelCommand    `cmd:"" help:"Look at model folders, and merge adapters."`
	Sample   sampleCommand   `cmd:"" help:"Draw completions of a text, with log-probabilities."`
	Chat     chatCommand     `cmd:"" help:"Talk to a model, or see what its chat template writes."`
	Tokenize tokenizeCommand `cmd:"" help:"Turn texts into tokens, or tokens into texts."`
	Report   reportCommand   `cmd:"" help:"Write a run's page and pictures from its files."`
	Pretrain pretrainCommand `cmd:"" help:"Make a base model from solution traces."`
	Data     dataCommand     `cmd:"" help:"Look at problems: do the gold answers of files hold, and what can be made?"`
	Bench    benchCommand    `cmd:"" help:"Measure speed beside what this machine could do."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

const description = `A laboratory for reinforcement learning with verifiable rewards: reinforce right
answers (PSR), suppress wrong ones (NSR), or weigh the two, and see what each does to
the whole Pass@k curve.

Begin with:  negativa demo --quick`

// app is what commands share: where output goes and when to stop.
type app struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	log    *slog.Logger
	live   bool // stderr is a terminal: progress may redraw itself
}

// Main runs the program and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	a := newApp(ctx, stdout, stderr)
	err := checkKernel()
	if err == nil {
		err = a.run(args)
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errHelp):
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "negativa: interrupted; what was written is whole")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "negativa: %v\n", err)
	if errors.As(err, new(inputError)) {
		return exitUsage
	}
	return exitFailed
}

// checkKernel refuses a NEGATIVA_KERNEL that this machine does not have.
func checkKernel() error {
	name := os.Getenv("NEGATIVA_KERNEL")
	if name == "" || slices.Contains(kernel.Variants(), name) {
		return nil
	}
	return badInput(fmt.Errorf("NEGATIVA_KERNEL is %q: this machine has %s", name, strings.Join(kernel.Variants(), " and ")))
}

func newApp(ctx context.Context, stdout, stderr io.Writer) *app {
	live := isTerminal(stderr)
	noColor := !live || os.Getenv("NO_COLOR") != ""
	handler := tint.NewTextHandler(stderr, &tint.Options{Level: slog.LevelInfo, TimeFormat: "15:04:05", NoColor: noColor})
	return &app{ctx: ctx, stdin: os.Stdin, stdout: stdout, stderr: stderr, log: slog.New(handler), live: live}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

var errHelp = errors.New("help was asked for")

func (a *app) run(args []string) error {
	var c commands
	helped := false
	parser, err := kong.New(&c,
		kong.Name("negativa"), kong.Description(description),
		kong.WithHyphenPrefixedParameters(true), // -1 is a number
		kong.Vars{
			"modes":          strings.Join(verify.Modes(), ", ") + "; math:decimals=N and strict:decimals=N for a tolerance",
			"gold_names":     strings.Join(grade.GoldNames, ", "),
			"response_names": strings.Join(grade.ResponseNames, ", "),
		},
		kong.Writers(a.stdout, a.stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if helped {
		return errHelp
	}
	if errors.As(err, new(inputError)) {
		return err
	}
	if err != nil {
		return badInput(fmt.Errorf("%w (negativa --help lists the commands, negativa COMMAND --help the flags)", err))
	}
	return command.Run(a)
}

// inputError marks an error as the user's to mend: wrong usage, or bad input.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func badInput(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}
