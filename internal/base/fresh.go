package base

import (
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

// New is a fresh model of the shape that a recipe asks for, with the tokenizer's vocabulary.
func New(c train.PretrainConfig, tok *tokenizer.Tokenizer, threads int) (*native.Engine, error) {
	return native.New(native.Config{
		VocabSize: tok.VocabSize(), HiddenSize: c.HiddenSize, IntermediateSize: c.IntermediateSize, Layers: c.Layers,
		Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, MaxPositions: c.MaxPositions,
		NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: c.InitializerRange, EOS: native.Tokens{tok.EOS()},
	}, c.Seed, native.Options{Threads: threads})
}
