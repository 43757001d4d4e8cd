package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// Encoder is a Tokenizer that reads completions too.
type Encoder interface {
	Tokenizer
	Encode(text string) ([]negativa.Token, error)
}

// Perplexities are those of one problem's samples under a policy that need not have drawn
// them: ln PPL(y|x) = −(1/T) Σ ln π(y_t | x, y_<t) of each (2504.13837, §4.2), at
// temperature 1.
type Perplexities struct {
	ID   string
	Logs []float64 // nats a token
}

// Scored are the samples of a file under a policy.
type Scored struct {
	Problems []Perplexities // in the order of the file
	Samples  int
	FromText int // of them without recorded tokens: what was scored is how the tokenizer writes their texts
	Empty    int // samples without a token, which have no perplexity: they are not among Samples
}

// Scoring takes samples of files to a policy.
type Scoring struct {
	Policy    engine.Scorer
	Tokenizer Encoder
	N         int               // samples of each problem, the first ones; 0: all
	Each      func(samples int) // told how many samples were scored at a time; nil: nobody is
}

// scoringBatch is how many samples are scored side by side.
const scoringBatch = 256

// File scores the samples of the file at path. They are scored in the tokens that were
// sampled, where the file has them; else their text is encoded, and the end-of-text token
// put behind those that ended by themselves. A sample without its prompt is an error, and so
// are tokens that the tokenizer does not read as the sample's text: they are another's.
func (s Scoring) File(ctx context.Context, path string) (Scored, error) {
	file, err := os.Open(path)
	if err != nil {
		return Scored{}, fmt.Errorf("score samples: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	w := scoringWork{Scoring: s, ctx: ctx, taken: map[string]int{}, at: map[string]int{}}
	for l, err := range readLines(file, path, false) {
		if err == nil {
			err = w.take(l.Sample)
		}
		if err != nil {
			return Scored{}, fmt.Errorf("score samples of %s: %w", path, err)
		}
	}
	if err := w.flush(); err != nil {
		return Scored{}, fmt.Errorf("score samples of %s: %w", path, err)
	}
	return w.scored, nil
}

// scoringWork is a Scoring at work.
type scoringWork struct {
	Scoring
	ctx       context.Context
	scored    Scored
	taken     map[string]int // samples, by problem
	at        map[string]int // place in scored.Problems
	problems  []string       // of the sequences that wait
	sequences []engine.Sequence
}

func (w *scoringWork) take(s Sample) error {
	if w.N > 0 && w.taken[s.QuestionID] == w.N {
		return nil
	}
	w.taken[s.QuestionID]++
	sequence, err := w.sequence(s)
	if err != nil {
		return fmt.Errorf("sample %s of question %q: %w", s.GenerationID, s.QuestionID, err)
	}
	if len(sequence.Completion) == 0 {
		w.scored.Empty++
		return nil
	}
	if len(s.IDs) == 0 {
		w.scored.FromText++
	}
	w.problems, w.sequences = append(w.problems, s.QuestionID), append(w.sequences, sequence)
	if len(w.sequences) == scoringBatch {
		return w.flush()
	}
	return nil
}

func (w *scoringWork) sequence(s Sample) (q engine.Sequence, err error) {
	if s.Prompt == "" {
		return q, errors.New("its prompt is not in the file, and how likely an answer is depends on what was asked")
	}
	if q.Prompt, err = w.Tokenizer.EncodePrompt(s.Prompt); err != nil {
		return q, fmt.Errorf("its prompt: %w", err)
	}
	ended := s.Stop == negativa.StopToken
	if len(s.IDs) > 0 {
		text := s.IDs
		if ended {
			text = text[:len(text)-1]
		}
		// JSON has U+FFFD where a text is cut within a character, as converting to runes has.
		if got := string([]rune(w.Tokenizer.Decode(text))); got != s.Response {
			return q, fmt.Errorf("its tokens say %.60q to this model and its response is %.60q: they are another tokenizer's", got, s.Response)
		}
		q.Completion = s.IDs
		return q, nil
	}
	if q.Completion, err = w.Tokenizer.Encode(s.Response); err != nil {
		return q, fmt.Errorf("its response: %w", err)
	}
	if eos := w.Tokenizer.EOS(); ended && eos >= 0 {
		q.Completion = append(q.Completion, eos)
	}
	return q, nil
}

// flush scores the sequences that wait.
func (w *scoringWork) flush() error {
	logprobs, err := w.Policy.Logprobs(w.ctx, w.sequences, 1)
	if err != nil {
		return err
	}
	for i, id := range w.problems {
		at, there := w.at[id]
		if !there {
			at = len(w.scored.Problems)
			w.at[id] = at
			w.scored.Problems = append(w.scored.Problems, Perplexities{ID: id})
		}
		p := &w.scored.Problems[at]
		p.Logs = append(p.Logs, LogPerplexity(logprobs[i]))
	}
	w.scored.Samples += len(w.problems)
	if w.Each != nil {
		w.Each(len(w.problems))
	}
	w.problems, w.sequences = slices.Delete(w.problems, 0, len(w.problems)), slices.Delete(w.sequences, 0, len(w.sequences))
	return nil
}

// LogPerplexity is the mean −log-probability of a completion's tokens, in nats; NaN of none.
func LogPerplexity(logprobs []float32) float64 {
	sum := 0.0
	for _, lp := range logprobs {
		sum -= float64(lp)
	}
	return sum / float64(len(logprobs))
}
