package native

import (
	"cmp"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// Scaling is how rotary frequencies are stretched beyond the positions a model was first
// trained on. The zero value leaves them as they are.
type Scaling struct {
	Type              string  // "", "linear", "llama3" or "yarn"
	Factor            float64 // of the stretch
	Original          float64 // positions before it
	LowFreqFactor     float64 // llama3
	HighFreqFactor    float64
	BetaFast          float64 // yarn
	BetaSlow          float64
	AttentionFactor   float64 // of cosines and sines
	FractionalCorners bool    // yarn's ramp need not begin and end at whole dimensions
}

// scaling is rope_scaling of transformers 4 or rope_parameters of 5.
type scaling struct {
	Theta           float64  `json:"rope_theta"`
	Type            string   `json:"rope_type"`
	OldType         string   `json:"type"`
	Factor          float64  `json:"factor"`
	Original        float64  `json:"original_max_position_embeddings"`
	LowFreqFactor   float64  `json:"low_freq_factor"`
	HighFreqFactor  float64  `json:"high_freq_factor"`
	BetaFast        float64  `json:"beta_fast"`
	BetaSlow        float64  `json:"beta_slow"`
	AttentionFactor *float64 `json:"attention_factor"`
	MScale          float64  `json:"mscale"`
	MScaleAll       float64  `json:"mscale_all_dim"`
	Truncate        *bool    `json:"truncate"`
}

// resolve checks the keys and fills in those that are not there, as transformers does.
func (s *scaling) resolve(positions int) (Scaling, error) {
	kind := cmp.Or(s.Type, s.OldType, "default")
	original := cmp.Or(s.Original, float64(positions))
	if kind != "default" && !(s.Factor >= 1) {
		return Scaling{}, fmt.Errorf("the factor of %s rotary scaling is %v; it must be at least 1", kind, s.Factor)
	}
	switch kind {
	case "default":
		return Scaling{}, nil
	case "linear":
		return Scaling{Type: kind, Factor: s.Factor, AttentionFactor: 1}, nil
	case "llama3":
		if !(0 < s.LowFreqFactor && s.LowFreqFactor < s.HighFreqFactor) {
			return Scaling{}, fmt.Errorf("low_freq_factor %v and high_freq_factor %v must be positive and ascend", s.LowFreqFactor, s.HighFreqFactor)
		}
		return Scaling{
			Type: kind, Factor: s.Factor, Original: original,
			LowFreqFactor: s.LowFreqFactor, HighFreqFactor: s.HighFreqFactor, AttentionFactor: 1,
		}, nil
	case "yarn":
		out := Scaling{
			Type: kind, Factor: s.Factor, Original: original, BetaFast: cmp.Or(s.BetaFast, 32), BetaSlow: cmp.Or(s.BetaSlow, 1),
			AttentionFactor: s.yarnAttention(), FractionalCorners: s.Truncate != nil && !*s.Truncate,
		}
		if !(0 < out.BetaSlow && out.BetaSlow <= out.BetaFast) || !(out.AttentionFactor > 0) {
			return Scaling{}, fmt.Errorf("beta_slow %v, beta_fast %v and attention_factor %v must be positive, the betas ascending",
				out.BetaSlow, out.BetaFast, out.AttentionFactor)
		}
		return out, nil
	}
	return Scaling{}, fmt.Errorf("rotary scaling %q is not supported: default, linear, llama3 and yarn are", kind)
}

// yarnAttention is the factor that keeps attention's temperature (Peng et al., 2309.00071,
// Eq. 22).
func (s *scaling) yarnAttention() float64 {
	scale := func(m float64) float64 { return 0.1*m*math.Log(s.Factor) + 1 }
	switch {
	case s.AttentionFactor != nil:
		return *s.AttentionFactor
	case s.MScale != 0 && s.MScaleAll != 0:
		return scale(s.MScale) / scale(s.MScaleAll)
	}
	return scale(1)
}

// newRope tabulates the rotary angles of all positions.
func newRope(c Config) *kernel.RoPE {
	s, frequencies := c.RopeScaling, kernel.Frequencies(c.HeadDim, c.RopeTheta)
	for i, f := range frequencies {
		switch s.Type {
		case "linear":
			frequencies[i] = f / float32(s.Factor)
		case "llama3":
			frequencies[i] = s.llama3(f)
		case "yarn":
			frequencies[i] = s.yarn(i, c)
		}
	}
	return kernel.NewRoPE(c.MaxPositions, frequencies, float32(cmp.Or(s.AttentionFactor, 1)))
}

// llama3 divides low frequencies by the factor, leaves high ones and goes smoothly from one
// to the other (transformers, _compute_llama3_parameters).
func (s Scaling) llama3(frequency float32) float32 {
	wavelength := float32(2*math.Pi) / frequency
	slow := frequency / float32(s.Factor)
	switch {
	case wavelength > float32(s.Original/s.LowFreqFactor):
		return slow
	case wavelength < float32(s.Original/s.HighFreqFactor):
		return frequency
	}
	smooth := (float32(s.Original)/wavelength - float32(s.LowFreqFactor)) / float32(s.HighFreqFactor-s.LowFreqFactor)
	return float32((1-smooth)*slow) + float32(smooth*frequency)
}

// yarn interpolates low frequencies, leaves high ones and ramps between the dimensions that
// turn beta_fast and beta_slow times in the original positions (2309.00071, §3.2).
func (s Scaling) yarn(i int, c Config) float32 {
	power := float32(math.Pow(c.RopeTheta, float64(float32(2*i)/float32(c.HeadDim))))
	corner := func(turns float64) float64 {
		return float64(c.HeadDim) * math.Log(s.Original/(turns*2*math.Pi)) / (2 * math.Log(c.RopeTheta))
	}
	low, high := corner(s.BetaFast), corner(s.BetaSlow)
	if !s.FractionalCorners {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(c.HeadDim-1))
	if low == high {
		high += 0.001
	}
	ramp := min(1, max(0, (float32(i)-float32(low))/float32(high-low)))
	kept := 1 - ramp
	return float32(1/(float32(s.Factor)*power)*(1-kept)) + float32(1/power*kept)
}
