// Package script runs rewards that users write in Starlark, within bounds.
package script

import (
	"errors"
	"fmt"
	"math"
	"runtime/metrics"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/negativa-lab/negativa"
)

// Bounds on a user's function, for one sample: its steps, and how far the program's memory
// may grow meanwhile, which is looked at every few steps, since a text can double at each.
const (
	maxSteps  = 1_000_000
	maxGrowth = 64 << 20 // bytes
	lookEvery = 4        // steps
)

// Reward makes a reward.Function of a function of the user's:
//
//	def reward(prompt, response, gold, correct):
//	    return 1.0 if correct and len(response) < 500 else 0.0
//
// Its result is a number in [0, 1], or a bool. Starlark has no clock, no files, no network
// and no randomness, so the function is one of its arguments alone; it may take a million
// steps for a sample, over a range of no more elements, and some 64 MiB, looked at between
// steps: a single step that repeats a list a billion times is not stopped. A function that
// fails, does not end or returns something else stops the run: what is wrong is never a
// reward of 0.
func Reward(name string, source []byte) (func(step int, groups []negativa.Group) error, error) {
	thread := newThread(name)
	options := &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true}
	globals, err := starlark.ExecFileOptions(options, thread, name, source, starlark.StringDict{"range": starlark.NewBuiltin("range", shortRange)})
	if err != nil {
		return nil, fmt.Errorf("reward %s: %w", name, explain(err))
	}
	globals.Freeze()
	function, ok := globals["reward"].(*starlark.Function)
	if !ok || function.NumParams() != 4 {
		return nil, fmt.Errorf("reward %s: it must define reward(prompt, response, gold, correct)", name)
	}
	return func(_ int, groups []negativa.Group) error {
		for i := range groups {
			for j := range groups[i].Rollouts {
				r := &groups[i].Rollouts[j]
				if err := call(name, function, &groups[i], r); err != nil {
					return fmt.Errorf("reward %s: sample %d of problem %s: %w", name, r.Sample, groups[i].Problem.ID, err)
				}
			}
		}
		return nil
	}, nil
}

// shortRange is Starlark's range, of which no step can make more elements than there may be
// steps: list(range(n)) is one step, whatever n is.
func shortRange(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, named []starlark.Tuple) (starlark.Value, error) {
	made, err := starlark.Call(thread, starlark.Universe["range"], args, named)
	if n := starlark.Len(made); err == nil && n > maxSteps {
		return nil, fmt.Errorf("range has %d elements, more than the %d steps that a reward may take", n, maxSteps)
	}
	return made, err
}

// newThread is an execution within bounds, whose prints go nowhere.
func newThread(name string) *starlark.Thread {
	thread := &starlark.Thread{Name: name, Print: func(*starlark.Thread, string) {}}
	begin := heapBytes()
	thread.OnMaxSteps = func(t *starlark.Thread) {
		switch steps := t.ExecutionSteps(); {
		case steps >= maxSteps:
			t.Cancel(fmt.Sprintf("it took more than %d steps: it may never end", maxSteps))
		case heapBytes() > begin+maxGrowth:
			t.Cancel(fmt.Sprintf("it takes more than %d MiB of memory", maxGrowth>>20))
		default:
			t.SetMaxExecutionSteps(steps + lookEvery)
		}
	}
	thread.SetMaxExecutionSteps(lookEvery)
	return thread
}

// heapBytes is the memory of objects, live or not yet collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func call(name string, function *starlark.Function, g *negativa.Group, r *negativa.Rollout) error {
	thread := newThread(name)
	result, err := starlark.Call(thread, function, starlark.Tuple{
		starlark.String(g.Problem.Prompt), starlark.String(r.Text), starlark.String(g.Problem.Gold),
		starlark.Bool(r.Verdict.Outcome == negativa.Correct),
	}, nil)
	if err != nil {
		return explain(err)
	}
	r.Reward, err = number(result)
	return err
}

func number(v starlark.Value) (float64, error) {
	x := math.NaN()
	switch v := v.(type) {
	case starlark.Bool:
		x = 0
		if v {
			x = 1
		}
	case starlark.Int:
		x = float64(v.Float())
	case starlark.Float:
		x = float64(v)
	}
	if !(x >= 0 && x <= 1) {
		return 0, fmt.Errorf("it returned %s, a %s: a reward is a number in [0, 1], or a bool", v.String(), v.Type())
	}
	return x, nil
}

// explain adds the place to an error.
func explain(err error) error {
	var failed *starlark.EvalError
	if !errors.As(err, &failed) {
		return err
	}
	place := ""
	for i := len(failed.CallStack) - 1; i >= 0; i-- {
		if p := failed.CallStack[i].Pos; p.Line > 0 {
			place = p.String() + ": "
			break
		}
	}
	return fmt.Errorf("%s%s", place, strings.TrimPrefix(failed.Msg, "Starlark computation cancelled: "))
}
