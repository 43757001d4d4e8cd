package eval

import (
	"fmt"
	"maps"
	"slices"

	"github.com/negativa-lab/negativa"
)

// Evaluation is what was measured, with the conditions it holds under. Means are over
// problems unless said otherwise; what is nil was not known and is absent from JSON.
type Evaluation struct {
	PassAtK          ByK[float64]             `json:"pass@k"`             // for every power of two ≤ N
	Interval         ByK[Interval]            `json:"interval,omitempty"` // of pass@k; nil for a single problem
	N                int                      `json:"n"`                  // samples that every problem has at least
	Problems         int                      `json:"problems"`
	MajorityAtK      ByK[float64]             `json:"majority@k,omitempty"`        // answers are the same if their text is
	DistinctCorrect  *float64                 `json:"distinct_correct,omitempty"`  // distinct correct answers among a problem's samples
	Coverage         *float64                 `json:"coverage,omitempty"`          // distinct correct answers found / all that exist
	CoverageAtK      ByK[float64]             `json:"coverage@k,omitempty"`        // of that share, in k samples
	CoverageInterval ByK[Interval]            `json:"coverage_interval,omitempty"` // of coverage@k; nil for a single problem
	Entropy          *float64                 `json:"entropy,omitempty"`           // nats a token: NegLogprob, which estimates it where every token could be drawn
	NegLogprob       *float64                 `json:"neg_logprob,omitempty"`       // nats: mean −log-probability over sampled tokens
	MeanLength       *float64                 `json:"mean_length,omitempty"`       // tokens a sample, the stop token included
	TruncatedRatio   *float64                 `json:"truncated_ratio,omitempty"`   // samples that the token limit ended / all
	Outcomes         map[negativa.Outcome]int `json:"outcomes,omitempty"`          // samples by verdict
	Levels           []Part                   `json:"levels,omitempty"`            // Pass@k of each level
	Subjects         []Part                   `json:"subjects,omitempty"`          // Pass@k of each subject
	Conditions       Conditions               `json:"conditions"`
	Counts           []Count                  `json:"counts"` // in the order in which problems were first met
}

// Conditions are what an evaluation's numbers depend on.
type Conditions struct {
	Source    string         `json:"source,omitempty"` // the file that samples were read from
	SHA256    string         `json:"sha256,omitempty"` // of that file
	Task      string         `json:"task,omitempty"`
	Split     string         `json:"split,omitempty"`
	Data      *Data          `json:"data,omitempty"`     // nil: problems are a task's, or the samples'
	Preset    string         `json:"preset,omitempty"`   // its name, and what was said otherwise
	Model     string         `json:"model,omitempty"`    // hash of the policy's parameters
	Endpoint  *Endpoint      `json:"endpoint,omitempty"` // nil: no server was asked
	Verifier  string         `json:"verifier,omitempty"` // name and version
	*Sampling                // nil where it is not known how samples were drawn
	Interval  IntervalMethod `json:"interval,omitzero"`
}

// Data is a file of problems.
type Data struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Endpoint is the server that drew samples. What it did is not known: this is what it
// was asked, beside Sampling.
type Endpoint struct {
	BaseURL string   `json:"base_url"`
	Model   string   `json:"model"`          // the name it serves it under
	API     string   `json:"api"`            // completions or chat
	Vendor  string   `json:"vendor"`         // vllm: top_k, min_p and repetition_penalty were sent too
	Stop    []string `json:"stop,omitempty"` // texts that end a completion
}

// Sampling is how completions were drawn.
type Sampling struct {
	Temperature    float64 `json:"temperature"`
	TopP           float64 `json:"top_p"`
	TopK           int     `json:"top_k"`
	MinP           float64 `json:"min_p"`
	MaxTokens      int     `json:"max_completion_length"`
	DType          string  `json:"dtype,omitempty"` // of the factors of the policy's products
	PromptTemplate string  `json:"prompt_template"` // empty: prompts were given as they are
	Seed           uint64  `json:"seed"`
}

// untruncated tells whether tokens were drawn from the distribution whose
// log-probabilities are recorded. Only then is their negative mean an estimate of that
// distribution's entropy: E[−log π(y_t | y_<t)] = H(π(· | y_<t)) for every prefix.
func (s *Sampling) untruncated() bool {
	return s != nil && s.Temperature > 0 && s.TopP == 1 && s.TopK == 0 && s.MinP == 0
}

// IntervalMethod names how an interval was made.
type IntervalMethod struct {
	Method string `json:"method"`
	Bootstrap
}

// differences lists the conditions, apart from the policy and the seed, that are not
// the same on both sides.
func (c Conditions) differences(other Conditions) []string {
	a, b := c.fields(), other.fields()
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if x, y := a[key], b[key]; x != y {
			out = append(out, fmt.Sprintf("%s: %s and %s", key, orUnknown(x), orUnknown(y)))
		}
	}
	return out
}

func (c Conditions) fields() map[string]string {
	out := map[string]string{"task": c.Task, "split": c.Split, "verifier": c.Verifier}
	if d := c.Data; d != nil {
		out["data"] = d.SHA256
	}
	if e := c.Endpoint; e != nil && len(e.Stop) > 0 {
		out["stop"] = fmt.Sprintf("%q", e.Stop)
	}
	if s := c.Sampling; s != nil {
		out["temperature"] = fmt.Sprint(s.Temperature)
		out["top_p"] = fmt.Sprint(s.TopP)
		out["top_k"] = fmt.Sprint(s.TopK)
		out["min_p"] = fmt.Sprint(s.MinP)
		out["max_completion_length"] = fmt.Sprint(s.MaxTokens)
		out["dtype"] = s.DType
		out["prompt_template"] = fmt.Sprintf("%q", s.PromptTemplate)
	}
	return out
}

func orUnknown(value string) string {
	if value == "" {
		return "unknown"
	}
	return value
}
