package sampling

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// The cases hold the probabilities that transformers' logit warpers leave, in float64,
// applied in the order temperature, top-k, top-p, min-p (transformers 5.23.0).
func TestProbsAgreeWithTransformers(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Logits      []float64 `json:"logits"`
		Temperature float64   `json:"temperature"`
		TopK        int       `json:"top_k"`
		TopP        float64   `json:"top_p"`
		MinP        float64   `json:"min_p"`
		Probs       []float64 `json:"probs"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		got := Probs(c.Logits, engine.SampleParams{Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP})
		if !distinct(c.Logits) { // which of tied tokens stays is the sort's choice
			slices.Sort(got)
			slices.Sort(c.Probs)
		}
		for j := range c.Probs {
			if math.Abs(got[j]-c.Probs[j]) > 1e-12 {
				t.Errorf("case %d (T %v, k %d, p %v, min-p %v): probability %d is %v, want %v",
					i, c.Temperature, c.TopK, c.TopP, c.MinP, j, got[j], c.Probs[j])
			}
		}
	}
}

func distinct(x []float64) bool {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) == len(x)
}

// Draws at evenly spread u hit each token in proportion to its probability.
func TestDrawFollowsProbs(t *testing.T) {
	few := []float32{0.3, -1, 2, 0.9, -3, 1.1}
	many := make([]float32, 2*stride+7) // some of them next to impossible
	for i := range many {
		many[i] = float32(i%11) - float32(i%13*i%5*30)
	}
	for _, z := range [][]float32{few, many} {
		for _, p := range []engine.SampleParams{
			{Temperature: 1, TopP: 1},
			{Temperature: 1, TopP: 0.8},
			{Temperature: 1, TopP: 1, TopK: 2},
			{Temperature: 1, TopP: 1, MinP: 0.3},
		} {
			followsProbs(t, z, p)
		}
	}
}

func followsProbs(t *testing.T, z []float32, p engine.SampleParams) {
	t.Helper()
	const n = 20_000
	wide, counts := make([]float64, len(z)), make([]float64, len(z))
	for i, v := range z {
		wide[i] = float64(v)
	}
	var s Scratch
	for i := range n {
		token, _ := Draw(z, p, (float64(i)+0.5)/n, &s)
		counts[token]++
	}
	for i, want := range Probs(wide, p) {
		if math.Abs(counts[i]/n-want) > 2.0/n {
			t.Errorf("%d tokens, %+v: token %d drawn %v times of %d, probability %v", len(z), p, i, counts[i], n, want)
		}
	}
}

// A rest that rounding leaves, or a sum that is no number, ends at a token that can be drawn.
func TestWalkEndsAtATokenThatHasWeight(t *testing.T) {
	weights := make([]float64, 2*stride)
	weights[3], weights[stride-1] = 0.25, 0.5
	var sums []float64
	for _, u := range []float64{1, math.Nextafter(1, 0)} {
		if got := walk(weights, u, &sums); got != stride-1 {
			t.Errorf("the token at %v is %d, want the last that has weight, %d", u, got, stride-1)
		}
	}
	weights[0] = math.NaN()
	if got := walk(weights, 0.5, &sums); int(got) >= len(weights) {
		t.Errorf("a weight that is not a number gives token %d of %d", got, len(weights))
	}
}

func TestDrawIsGreedyAtZero(t *testing.T) {
	var s Scratch
	for i := range uint64(5) {
		if got, _ := Draw([]float32{1, 3, 3, 2}, engine.SampleParams{TopP: 1}, draw.New(1, "u").Float64(i), &s); got != 1 {
			t.Errorf("greedy draw of a tie = %d, want the lower id 1", got)
		}
	}
}

func TestDrawDoesNotAllocate(t *testing.T) {
	z := make([]float32, 50)
	var s Scratch
	if n := testing.AllocsPerRun(20, func() { Draw(z, engine.SampleParams{Temperature: 1, TopP: 1}, 0.5, &s) }); n != 0 {
		t.Errorf("a plain draw allocates %v times", n)
	}
}

func TestValidateNamesKeyAndRange(t *testing.T) {
	good := engine.SampleParams{MaxTokens: 1, Temperature: 1, TopP: 1}
	if err := Validate(good); err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for key, change := range map[string]func(*engine.SampleParams){
		"max_completion_length is 0": func(p *engine.SampleParams) { p.MaxTokens = 0 },
		"temperature is -1":          func(p *engine.SampleParams) { p.Temperature = -1 },
		"temperature is NaN":         func(p *engine.SampleParams) { p.Temperature = nan },
		"top_k is -1":                func(p *engine.SampleParams) { p.TopK = -1 },
		"top_p is 0":                 func(p *engine.SampleParams) { p.TopP = 0 },
		"top_p is 1.5":               func(p *engine.SampleParams) { p.TopP = 1.5 },
		"min_p is -0.1":              func(p *engine.SampleParams) { p.MinP = -0.1 },
		"min_p is NaN":               func(p *engine.SampleParams) { p.MinP = nan },
	} {
		p := good
		change(&p)
		if err := Validate(p); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("want an error that begins with %q, got %v", key, err)
		}
	}
}
