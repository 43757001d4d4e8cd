package claim

import "context"

var c2s = Claim{
	ID:         "C2S",
	Statement:  "At equal optimizer steps, too, NSR keeps more of Pass@k at large k than PSR does.",
	Source:     "asked of arXiv 2506.01347, table 1, which compares at equal rollouts: the halves take different numbers of optimizer steps from them",
	Literature: "not compared at equal optimizer steps",
	Quantity:   "Pass@256 of NSR − Pass@256 of PSR, percentage points, the one with more optimizer steps taken at the last step at which it has no more than the other",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr; Pass@256 of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		taken := map[string]*training{}
		for _, name := range []string{"nsr", "psr"} {
			t, err := l.train(ctx, variation{objective: name}, seed)
			if err != nil {
				return found{}, err
			}
			taken[name] = t
		}
		at, numbers := map[string]float64{}, beside{}
		most := min(taken["nsr"].optimizerSteps(), taken["psr"].optimizerSteps())
		for name, t := range taken {
			step := len(t.metrics)
			for step > 1 && t.metrics[step-1]["optimizer_steps"] > most {
				step--
			}
			e, err := l.after(ctx, variation{objective: name, steps: step}, seed)
			if err != nil {
				return found{}, err
			}
			at[name] = passAt(e, 0)
			numbers["Pass@1 "+name], numbers["Pass@256 "+name] = passAt(e, 1), passAt(e, 0)
			numbers["optimizer steps "+name] = t.metrics[step-1]["optimizer_steps"]
		}
		return found{at["nsr"] - at["psr"], numbers}, nil
	},
}

// optimizerSteps is how many a training took.
func (t *training) optimizerSteps() float64 { return t.metrics[len(t.metrics)-1]["optimizer_steps"] }
