// Package enginetest is the suite that every engine.Engine passes. It asks an engine
// for nothing but the interface and the weights in a folder it has saved, and holds it
// to the project's laws: gradients are those of the loss the engine itself reports,
// recomputed log-probabilities are the sampled ones bit for bit, draws have addresses,
// no result depends on batch order, micro-batches or threads, a loaded checkpoint
// continues to the same bytes, and what cannot be done is refused and changes nothing.
package enginetest

import (
	"context"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// Subject is an engine under test with what the suite must know of it.
type Subject struct {
	// New returns the engine, untrained but not uniform, with the same weights at every
	// call. If it has a value head, that is not zero.
	New       func(Options) (engine.Engine, error)
	VocabSize int                // at least 4
	Prompts   [][]negativa.Token // at least two, of which the engine can continue each
	MaxTokens int                // tokens that every prompt leaves room for, at least 3
	Weights   []string           // files of a saved folder with all parameters, as F32 or F64 safetensors
	Noise     float64            // rounding error of one log-probability: its standard deviation
}

// Options say how an engine computes. One without threads or micro-batches ignores
// them; no result may depend on them.
type Options struct {
	Threads          int
	MicroBatchTokens int
}

// check is one law. It returns how the subject breaks it; dir is an empty folder.
type check struct {
	name string
	run  func(ctx context.Context, s Subject, dir string) error
}

var checks = []check{
	{"the gradient is the derivative of the loss", gradientIsDerivative},
	{"sampled log-probs are recomputed exactly", logprobsAreRecomputed},
	{"distributions are those of the log-probs", distributionsAreWhole},
	{"draws follow the log-probs", drawsFollowLogprobs},
	{"cuts leave the likeliest tokens", cutsLeaveLikeliest},
	{"samples end at stop tokens or the limit", samplesEnd},
	{"draws have addresses", drawsHaveAddresses},
	{"order, micro-batches and threads change no bit", computationIsInvariant},
	{"a loaded checkpoint continues to the same bytes", checkpointContinues},
	{"a reset optimizer is a fresh one", resetIsFresh},
	{"the reference is frozen", referenceIsFrozen},
	{"right and wrong rows split the gradient", signsSplitGradient},
	{"both parts are held against the move", partsAlongMove},
	{"gradients accumulate until a step", gradientsAccumulate},
	{"optimizer steps are the stated formulas", stepsAreStated},
	{"bad input is refused and changes nothing", badInputIsRefused},
	{"what an engine lacks is refused", lacksAreRefused},
	{"a call that fails leaves no trace", failureLeavesNoTrace},
}

// Run holds a subject to every law, each in a subtest.
func Run(t *testing.T, subject Subject) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(t.Context(), subject, t.TempDir()); err != nil {
				t.Error(err)
			}
		})
	}
}
