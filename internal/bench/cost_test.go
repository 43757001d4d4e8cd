package bench

import (
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
)

// tiny has 2·4·(2·6 + 2·3 + 3·6) = 288 weights in projections and 10·4 in its head.
var tiny = native.Config{VocabSize: 10, HiddenSize: 4, IntermediateSize: 6, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 3, TiedHead: true}

func sequence(prompt []negativa.Token, completion int) engine.Sequence {
	return engine.Sequence{Prompt: prompt, Completion: make([]negativa.Token, completion)}
}

// Two samples of a prompt of two tokens, of three tokens and of one, and one of another
// prompt, by hand.
//
//	positions    2 + 2 + 0, 1 + 1                 =  6
//	pairs        (1 + 2) + (3 + 4) + 0, 1 + 2     = 13
//	predictions  1 + 2 + 0, 1 + 1                 =  5
//	forward      2·288·6 + 4·(2·2·3)·13 + 2·40·5  = 4480
//	cache reads  2 + (2 + 1), 1                   =  6, of 2·4·2·1·3 = 48 bytes
func TestCostsByHand(t *testing.T) {
	sequences := []engine.Sequence{
		sequence([]negativa.Token{1, 2}, 3),
		sequence([]negativa.Token{300}, 2),
		sequence([]negativa.Token{1, 2}, 1),
	}
	full, half, untied := newSize(tiny, native.F32), newSize(tiny, native.BF16), newSize(tiny, native.F32)
	untied.TiedHead = false
	for _, c := range []struct {
		name      string
		got, want Cost
	}{
		{"scoring", full.scoring(sequences), Cost{6, 4480, 4 * 328}},
		{"scoring in bf16", half.scoring(sequences), Cost{6, 4480, 2 * 328}},
		{"learning", full.learning(sequences), Cost{6, 3 * 4480, 3 * 4 * 328}},
		{"learning in bf16", half.learning(sequences), Cost{6, 3 * 4480, (2 + 2 + 4) * 328}},
		{"updating", full.updating(), Cost{0, 0, 7 * 4 * 328}},
		{"updating, untied", untied.updating(), Cost{0, 0, 7 * 4 * 368}},
		{"sampling", full.sampling(sequences), Cost{6, 4480, 3*4*328 + 6*48}},
		{"sampling in bf16", half.sampling(sequences), Cost{6, 4480, 3*2*328 + 6*48}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, c.got, c.want)
		}
	}
}

// Without prompts in common, the textbook's count: six operations for each weight and
// token, and attention.
func TestTrainingCostsSixOperationsAWeight(t *testing.T) {
	s := newSize(shapes["5m"], native.F32)
	c := s.learning(randomRows(1, 128, 32, 128))
	pairs := 32.0 * 128 * 129 / 2
	if want := 6*s.weights()*32*128 + 12*6*8*32*pairs; c.Flops != want || c.Tokens != 32*128 {
		t.Errorf("32x128 tokens of 5m cost %+v, want %v operations", c, want)
	}
}

func TestRowsAreWhatTheirNameSays(t *testing.T) {
	seen := map[string]bool{}
	sequences := randomRows(1, 28, 256, 24)
	for _, s := range sequences {
		var key strings.Builder
		key.WriteString(string(rune(s.Prompt[0])))
		for _, token := range s.Completion {
			if token < 0 || token >= 28 {
				t.Fatalf("token %d of a vocabulary of 28", token)
			}
			key.WriteString(string(rune(token)))
		}
		if len(s.Prompt) != 1 || len(s.Completion) != 24 {
			t.Errorf("a row of 24 has a prompt of %d and %d predictions", len(s.Prompt), len(s.Completion))
		}
		seen[key.String()] = true
	}
	if len(sequences) != 256 || len(seen) != 256 {
		t.Errorf("%d rows, %d distinct, want 256", len(sequences), len(seen))
	}
}
