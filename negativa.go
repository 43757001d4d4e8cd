package negativa

import "fmt"

// Token is an index into a model's vocabulary.
type Token = int32

// Problem is a question whose answer can be checked.
type Problem struct {
	ID      string `json:"question_id"`       // unique and stable: a function of the question alone
	Task    string `json:"task"`              // name of the family that made it and can verify it
	Prompt  string `json:"prompt"`            // what the model reads
	Gold    string `json:"gold_answer"`       // one correct answer
	Subject string `json:"subject,omitempty"` // part of the data set it belongs to, such as Algebra; empty: none
	Level   string `json:"level,omitempty"`   // how hard its authors call it, such as Level 5; empty: none
}

// StopReason tells why a sample ended.
type StopReason string

// A sample ends at a stop token, which is its last token, or at the token limit.
const (
	StopToken  StopReason = "stop"
	StopLength StopReason = "length"
)

// Outcome is the kind of a verdict. Its zero value is not a verdict.
type Outcome uint8

// What can be said of an answer. Only Correct earns a true reward, and only
// Correct and Wrong are statements about the answer's mathematics.
const (
	Unverified         Outcome = iota // no verifier has looked yet
	Correct                           // the answer is right
	Wrong                             // the answer was understood and is not right
	UnparsedPrediction                // no answer could be read from the sample
	UnparsedGold                      // the problem itself is broken
	OverBudget                        // verifying would exceed the bounds on work
)

var outcomeNames = [...]string{"unverified", "correct", "wrong", "unparsed prediction", "unparsed gold", "over budget"}

// String returns the outcome's name as written in sample files.
func (o Outcome) String() string { return outcomeNames[o] }

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads an outcome's name.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q", text)
}

// Verdict is what a verifier says of one sample.
type Verdict struct {
	Outcome Outcome
	Reason  string // for people: why it is not correct
	Answer  string // the answer in canonical form: equal answers have equal strings; empty if unparsed
}

// Rollout is one sampled completion. Its tokens are the record: text is derived
// from them, never the other way round.
type Rollout struct {
	Sample   int       // index within the group
	Tokens   []Token   // completion only, the stop token included
	Logprobs []float32 // T: log-probability of each token under the distribution it was drawn from, before truncation by top-k, top-p, min-p
	Stop     StopReason
	Text     string // Tokens decoded, without the stop token
	Verdict  Verdict
	Reward   float64
}

// Group is a problem with the samples drawn for it.
type Group struct {
	Problem  Problem
	Prompt   []Token
	Rollouts []Rollout // G
}

// Row is one completion as an objective sees it, apart from what the current
// policy says of it. Slices have one entry per completion token; those an
// objective does not need are nil.
type Row struct {
	Weight     float64   // factor of the sum of the row's token losses: the normaliser, divided out beforehand
	Behaviour  []float64 // T: log-probabilities the tokens were drawn with
	Reference  []float64 // T: log-probabilities under the frozen reference
	Advantages []float64 // T
	Returns    []float64 // T: value targets, where there is a critic
	Values     []float64 // T: the critic's values when the rollout was made
}

// Evaluation is what the current policy says of a row. Entropies and Values are
// nil unless the loss asked for them.
type Evaluation struct {
	Logprobs  []float64 // T: log π(y_t | x, y_<t)
	Entropies []float64 // T: entropy in nats of the distribution y_t was drawn from
	Values    []float64 // T: the critic's value before y_t
}

// Loss is a stated formula: it maps a row and its evaluation to the row's part of
// the loss, and fills grad (same shapes as at, zeroed by the caller) with the
// derivative of that part with respect to every entry of at. A batch's loss is
// the sum over its rows. Loss must be a pure function, safe for concurrent use.
type Loss struct {
	Entropies bool // Evaluation.Entropies is needed
	Values    bool // Evaluation.Values is needed
	Row       func(row *Row, at, grad *Evaluation) float64
}

// Datum is one row of a training batch.
type Datum struct {
	ID         string // unique within the batch; rows are summed in the order of their IDs
	Prompt     []Token
	Completion []Token
	Sign       int // +1 right, -1 wrong, 0 neither: the half of the signal the row belongs to
	Row        Row
}
