package enginetest

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/tabular"
)

func subject() Subject {
	prompts := [][]negativa.Token{{1}, {2, 3}, {3, 0, 1}}
	config := tabular.Config{VocabSize: 5, MaxTokens: 4, Prompts: prompts, InitializerRange: 1}
	return Subject{
		New:       func(Options) (engine.Engine, error) { return tabular.New(config, 1) },
		VocabSize: 5, Prompts: prompts, MaxTokens: 4, Weights: []string{"model.safetensors"}, Noise: 3e-16,
	}
}

// broken is an engine with some of its methods replaced.
type broken struct {
	engine.Engine
	sample    func(context.Context, []engine.Request, engine.SampleParams) ([][]negativa.Rollout, error)
	logprobs  func(context.Context, []engine.Sequence, float64) ([][]float32, error)
	forward   func(context.Context, []negativa.Datum, negativa.Loss, float64) (engine.Result, error)
	step      func(context.Context, engine.OptimParams) (engine.Update, error)
	save      func(context.Context, string) error
	reference func() (engine.Scorer, error)
	reset     func()

	distributions func(context.Context, []engine.Sequence, float64) ([][]float32, error)
}

func (b *broken) Distributions(ctx context.Context, s []engine.Sequence, temperature float64) ([][]float32, error) {
	return b.distributions(ctx, s, temperature)
}

func (b *broken) TrackMove(start engine.Scorer) error {
	return b.Engine.(engine.MoveTracker).TrackMove(start)
}

func (b *broken) Sample(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
	return b.sample(ctx, r, p)
}

func (b *broken) Logprobs(ctx context.Context, s []engine.Sequence, temperature float64) ([][]float32, error) {
	return b.logprobs(ctx, s, temperature)
}

func (b *broken) ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	return b.forward(ctx, batch, loss, temperature)
}

func (b *broken) OptimStep(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
	return b.step(ctx, o)
}

func (b *broken) Save(ctx context.Context, dir string) error { return b.save(ctx, dir) }

func (b *broken) ResetOptimizer() { b.reset() }

func (b *broken) Reference() (engine.Scorer, error) { return b.reference() }

// with breaks every engine of a subject: what is given methods that work and replaces
// some.
func (s Subject) with(what func(b *broken, o Options)) Subject {
	whole := s.New
	s.New = func(o Options) (engine.Engine, error) {
		e, err := whole(o)
		if err != nil {
			return nil, err
		}
		b := &broken{e, e.Sample, e.Logprobs, e.ForwardBackward, e.OptimStep, e.Save, e.Reference, e.ResetOptimizer, e.(engine.Distributor).Distributions}
		what(b, o)
		return b, nil
	}
	return s
}

// sabotages break one thing each; the suite must notice it under the law of that name.
var sabotages = []struct {
	name string
	law  string
	what func(b *broken, o Options)
}{
	{"the gradient is a thousandth too long", "the gradient is the derivative of the loss", func(b *broken, _ Options) {
		changeLoss(b, func(_ *negativa.Row, at, grad *negativa.Evaluation) {
			for t := range at.Logprobs {
				grad.Logprobs[t] *= 1.001
			}
		})
	}},
	{"the entropies have no gradient", "the gradient is the derivative of the loss", func(b *broken, _ Options) {
		changeLoss(b, func(_ *negativa.Row, _, grad *negativa.Evaluation) { clear(grad.Entropies) })
	}},
	{"the last token is not trained on", "the gradient is the derivative of the loss", func(b *broken, _ Options) {
		changeLoss(b, func(_ *negativa.Row, _, grad *negativa.Evaluation) { grad.Logprobs[len(grad.Logprobs)-1] = 0 })
	}},
	{"one log-prob is one unit in the last place off", "sampled log-probs are recomputed exactly", func(b *broken, _ Options) {
		b.logprobs = func(ctx context.Context, s []engine.Sequence, temperature float64) ([][]float32, error) {
			out, err := b.Engine.Logprobs(ctx, s, temperature)
			if len(out) > 3 {
				out[3][0] = math.Nextafter32(out[3][0], 0)
			}
			return out, err
		}
	}},
	{"training ignores the temperature", "sampled log-probs are recomputed exactly", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, _ float64) (engine.Result, error) {
			return b.Engine.ForwardBackward(ctx, batch, loss, 1)
		}
	}},
	{"log-probs are those after the cut", "sampled log-probs are recomputed exactly", func(b *broken, _ Options) {
		changeSamples(b, func(r *negativa.Rollout, p engine.SampleParams) {
			if p.TopK > 0 {
				r.Logprobs[0] = 0
			}
		})
	}},
	{"samples are drawn a little too hot", "draws follow the log-probs", func(b *broken, _ Options) {
		b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
			p.Temperature *= 1.2
			return b.Engine.Sample(ctx, r, p)
		}
	}},
	{"min_p is not heard", "cuts leave the likeliest tokens", func(b *broken, _ Options) {
		changeParams(b, func(p *engine.SampleParams) { p.MinP = 0 })
	}},
	{"top_p is not heard", "cuts leave the likeliest tokens", func(b *broken, _ Options) {
		changeParams(b, func(p *engine.SampleParams) { p.TopP = 1 })
	}},
	{"top_k keeps one too many", "cuts leave the likeliest tokens", func(b *broken, _ Options) {
		changeParams(b, func(p *engine.SampleParams) {
			if p.TopK > 0 {
				p.TopK++
			}
		})
	}},
	{"only the first stop token is heard", "samples end at stop tokens or the limit", func(b *broken, _ Options) {
		changeParams(b, func(p *engine.SampleParams) { p.Stop = p.Stop[:min(1, len(p.Stop))] })
	}},
	{"the stop token is cut off", "samples end at stop tokens or the limit", func(b *broken, _ Options) {
		changeSamples(b, func(r *negativa.Rollout, _ engine.SampleParams) {
			if n := len(r.Tokens) - 1; r.Stop == negativa.StopToken {
				r.Tokens, r.Logprobs = r.Tokens[:n], r.Logprobs[:n]
			}
		})
	}},
	{"draws are consumed", "draws have addresses", func(b *broken, _ Options) {
		calls := uint64(0)
		b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
			calls++
			return b.Engine.Sample(ctx, reseeded(r, func(int, engine.Request) uint64 { return calls }), p)
		}
	}},
	{"draws depend on the number of samples", "draws have addresses", func(b *broken, _ Options) {
		changeSeeds(b, func(_ int, r engine.Request) uint64 { return r.Seed + uint64(r.N) })
	}},
	{"draws depend on the request's place", "draws have addresses", func(b *broken, _ Options) {
		changeSeeds(b, func(i int, r engine.Request) uint64 { return r.Seed + uint64(10*i) })
	}},
	{"draws depend on the threads", "draws have addresses", func(b *broken, o Options) {
		changeSeeds(b, func(_ int, r engine.Request) uint64 { return r.Seed + uint64(o.Threads) })
	}},
	{"the seed is not heard", "draws have addresses", func(b *broken, _ Options) {
		changeSeeds(b, func(int, engine.Request) uint64 { return 1 })
	}},
	{"rows are summed as they come", "order, micro-batches and threads change no bit", func(b *broken, _ Options) {
		changeBatch(b, func(i int, d *negativa.Datum) { d.ID = string(rune('A' + i)) })
	}},
	{"the loss is summed in parallel", "order, micro-batches and threads change no bit", func(b *broken, o Options) {
		changeResult(b, func(r *engine.Result) {
			if o.Threads == 7 {
				r.Loss = math.Nextafter(r.Loss, 0)
			}
		})
	}},
	{"micro-batches change a weight's last bit", "order, micro-batches and threads change no bit", func(b *broken, o Options) {
		b.step = func(ctx context.Context, p engine.OptimParams) (engine.Update, error) {
			if o.MicroBatchTokens > 0 {
				p.LearningRate = math.Nextafter(p.LearningRate, 1)
			}
			return b.Engine.OptimStep(ctx, p)
		}
	}},
	{"the optimizer is not saved", "a loaded checkpoint continues to the same bytes", func(b *broken, _ Options) {
		b.save = func(ctx context.Context, dir string) error {
			return errors.Join(b.Engine.Save(ctx, dir), os.Remove(filepath.Join(dir, "optimizer.safetensors")))
		}
	}},
	{"the reference is the engine itself", "the reference is frozen", func(b *broken, _ Options) {
		b.reference = func() (engine.Scorer, error) { return b.Engine, nil }
	}},
	{"a reset is not heard", "a reset optimizer is a fresh one", func(b *broken, _ Options) { b.reset = func() {} }},
	{"right and wrong are exchanged", "right and wrong rows split the gradient", func(b *broken, _ Options) {
		changeResult(b, func(r *engine.Result) { r.RightNorm, r.WrongNorm = r.WrongNorm, r.RightNorm })
	}},
	{"rows that are neither count as wrong", "right and wrong rows split the gradient", func(b *broken, _ Options) {
		changeBatch(b, func(_ int, d *negativa.Datum) {
			if d.Sign == 0 {
				d.Sign = -1
			}
		})
	}},
	{"the parts' ascent is held against the move", "both parts are held against the move", func(b *broken, _ Options) {
		changeResult(b, func(r *engine.Result) { r.RightMove, r.WrongMove = -r.RightMove, -r.WrongMove })
	}},
	{"the parts' cosines are exchanged", "both parts are held against the move", func(b *broken, _ Options) {
		changeResult(b, func(r *engine.Result) { r.RightMove, r.WrongMove = r.WrongMove, r.RightMove })
	}},
	{"distributions ignore the temperature", "distributions are those of the log-probs", func(b *broken, _ Options) {
		b.distributions = func(ctx context.Context, s []engine.Sequence, _ float64) ([][]float32, error) {
			return b.Engine.(engine.Distributor).Distributions(ctx, s, 1)
		}
	}},
	{"a call forgets those before it", "gradients accumulate until a step", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			forget := engine.OptimParams{Optimizer: engine.SGD}
			if _, err := b.Engine.OptimStep(ctx, forget); err != nil {
				return engine.Result{}, err
			}
			return b.Engine.ForwardBackward(ctx, batch, loss, temperature)
		}
	}},
	{"gradients are not clipped", "optimizer steps are the stated formulas", func(b *broken, _ Options) {
		changeStep(b, func(o *engine.OptimParams) { o.MaxGradNorm = 0 })
	}},
	{"the decay is coupled to nothing", "optimizer steps are the stated formulas", func(b *broken, _ Options) {
		changeStep(b, func(o *engine.OptimParams) { o.WeightDecay = 0 })
	}},
	{"the momentum is not heard", "optimizer steps are the stated formulas", func(b *broken, _ Options) {
		changeStep(b, func(o *engine.OptimParams) { o.Beta1 = 0 })
	}},
	{"epsilon is not heard", "optimizer steps are the stated formulas", func(b *broken, _ Options) {
		changeStep(b, func(o *engine.OptimParams) { o.Epsilon = 1e-8 })
	}},
	{"a bad request panics", "bad input is refused and changes nothing", func(b *broken, _ Options) {
		b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
			out, err := b.Engine.Sample(ctx, r, p)
			if err != nil {
				panic(err)
			}
			return out, nil
		}
	}},
	{"a bad batch is passed over", "bad input is refused and changes nothing", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			result, _ := b.Engine.ForwardBackward(ctx, batch, loss, temperature)
			return result, nil
		}
	}},
	{"a refused step is counted", "bad input is refused and changes nothing", func(b *broken, _ Options) {
		b.step = func(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
			u, err := b.Engine.OptimStep(ctx, o)
			if err != nil {
				o.Optimizer = engine.SGD
				_, again := b.Engine.OptimStep(ctx, o)
				err = errors.Join(err, again)
			}
			return u, err
		}
	}},
	{"values are taken for zero", "what an engine lacks is refused", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			loss.Values = false
			return b.Engine.ForwardBackward(ctx, batch, flat(loss), temperature)
		}
	}},
	{"the context is not heard", "a call that fails leaves no trace", func(b *broken, _ Options) {
		b.save = func(_ context.Context, dir string) error { return b.Engine.Save(context.Background(), dir) }
	}},
	{"training cannot be stopped", "a call that fails leaves no trace", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			if err := ctx.Err(); err != nil {
				return engine.Result{}, err
			}
			return b.Engine.ForwardBackward(context.WithoutCancel(ctx), batch, loss, temperature)
		}
	}},
	{"a poisoned gradient stays", "a call that fails leaves no trace", func(b *broken, _ Options) {
		poisoned := false
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			result, err := b.Engine.ForwardBackward(ctx, batch, loss, temperature)
			poisoned = poisoned || err == nil && math.IsNaN(result.RightNorm)
			return result, err
		}
		b.step = func(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
			if poisoned {
				return engine.Update{}, errors.New("the gradient is not a number")
			}
			return b.Engine.OptimStep(ctx, o)
		}
	}},
	{"a cancelled call leaves half a gradient", "a call that fails leaves no trace", func(b *broken, _ Options) {
		b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
			result, err := b.Engine.ForwardBackward(ctx, batch, loss, temperature)
			if err != nil {
				_, again := b.Engine.ForwardBackward(context.WithoutCancel(ctx), batch[:1], probe(b.Capabilities()), 1)
				err = errors.Join(err, again)
			}
			return result, err
		}
	}},
}

func changeLoss(b *broken, after func(row *negativa.Row, at, grad *negativa.Evaluation)) {
	b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
		row := loss.Row
		loss.Row = func(r *negativa.Row, at, grad *negativa.Evaluation) float64 {
			l := row(r, at, grad)
			after(r, at, grad)
			return l
		}
		return b.Engine.ForwardBackward(ctx, batch, loss, temperature)
	}
}

func changeBatch(b *broken, change func(i int, d *negativa.Datum)) {
	b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
		batch = slices.Clone(batch)
		for i := range batch {
			change(i, &batch[i])
		}
		return b.Engine.ForwardBackward(ctx, batch, loss, temperature)
	}
}

func changeResult(b *broken, change func(*engine.Result)) {
	b.forward = func(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
		result, err := b.Engine.ForwardBackward(ctx, batch, loss, temperature)
		change(&result)
		return result, err
	}
}

func changeStep(b *broken, change func(*engine.OptimParams)) {
	b.step = func(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
		change(&o)
		return b.Engine.OptimStep(ctx, o)
	}
}

func changeParams(b *broken, change func(*engine.SampleParams)) {
	b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
		change(&p)
		return b.Engine.Sample(ctx, r, p)
	}
}

func changeSamples(b *broken, change func(*negativa.Rollout, engine.SampleParams)) {
	b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
		out, err := b.Engine.Sample(ctx, r, p)
		for _, group := range out {
			for j := range group {
				change(&group[j], p)
			}
		}
		return out, err
	}
}

func changeSeeds(b *broken, seed func(i int, r engine.Request) uint64) {
	b.sample = func(ctx context.Context, r []engine.Request, p engine.SampleParams) ([][]negativa.Rollout, error) {
		return b.Engine.Sample(ctx, reseeded(r, seed), p)
	}
}

func reseeded(requests []engine.Request, seed func(i int, r engine.Request) uint64) []engine.Request {
	out := slices.Clone(requests)
	for i := range out {
		out[i].Seed = seed(i, out[i])
	}
	return out
}

func lawNamed(t *testing.T, name string) check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("the suite has no law %q", name)
	}
	return checks[i]
}

func TestWholeEngineObeysEveryLaw(t *testing.T) {
	Run(t, subject().with(func(*broken, Options) {}))
}

func TestEverySabotageIsNoticed(t *testing.T) {
	for _, s := range sabotages {
		t.Run(s.name, func(t *testing.T) {
			err := lawNamed(t, s.law).run(t.Context(), subject().with(s.what), t.TempDir())
			if err == nil {
				t.Errorf("%q is not noticed", s.law)
			}
		})
	}
}

func TestEveryLawCanBeBroken(t *testing.T) {
	for _, c := range checks {
		broken := false
		for _, s := range sabotages {
			broken = broken || s.law == c.name
		}
		if !broken {
			t.Errorf("no sabotage breaks %q", c.name)
		}
	}
}
