package bench

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/tokenizer"
)

// embedded names the model that ships in the program; the others have random weights.
const embedded = "base"

// shapes are Qwen3 decoders with a tied head.
var shapes = map[string]native.Config{
	"0.8m": shape(32, 128, 352, 4, 4, 4, 32),
	"5m":   shape(128, 256, 736, 6, 8, 4, 32),
	"125m": shape(50257, 768, 2048, 12, 12, 12, 64),
	"0.5b": shape(151936, 896, 4864, 24, 14, 2, 64),
}

func shape(vocab, hidden, intermediate, layers, heads, kvHeads, headDim int) native.Config {
	return native.Config{
		VocabSize: vocab, HiddenSize: hidden, IntermediateSize: intermediate,
		Layers: layers, Heads: heads, KVHeads: kvHeads, HeadDim: headDim,
		MaxPositions: 128, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: 0.02,
	}
}

// model is the one in memory: the largest take long to draw and most of the memory, so
// works that follow one another share it. No work changes a weight.
type model struct {
	name   string
	policy engine.Engine
	size   size
}

func (s *session) model(name string) (model, error) {
	if s.loaded.name == name {
		return s.loaded, nil
	}
	s.loaded = model{}
	debug.FreeOSMemory() // an engine asks the system what is left
	policy, err := s.policy(name)
	if err != nil {
		return model{}, err
	}
	s.loaded = model{name, policy, newSize(policy.Config(), s.Precision)}
	return s.loaded, nil
}

func (s *session) policy(name string) (*native.Engine, error) {
	if name != embedded {
		return native.New(shapes[name], s.Seed, s.engine())
	}
	policy, _, err := openBase(s.engine())
	return policy, err
}

func (s *session) engine() native.Options {
	return native.Options{Threads: s.Threads, Precision: s.Precision}
}

func openBase(o native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
	dir, err := os.MkdirTemp("", "negativa-base-")
	if err != nil {
		return nil, nil, fmt.Errorf("open the base model: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := base.Extract(dir); err != nil {
		return nil, nil, err
	}
	policy, err := native.Open(dir, o)
	if err != nil {
		return nil, nil, err
	}
	tok, err := tokenizer.Load(dir)
	return policy, tok, err
}
