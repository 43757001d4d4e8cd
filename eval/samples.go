package eval

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"

	"github.com/negativa-lab/negativa"
)

// Sample is one line of a sample file: one JSON object a line, with the keys of the
// files that the code of 2506.01347 writes. Only question_id, generation_id and label
// are needed; other keys are ignored.
type Sample struct {
	QuestionID   string              // a JSON string or integer
	GenerationID string              // a JSON string or integer; unique within the question
	Label        bool                // whether the sample is correct
	Prompt       string              // empty: not known
	Response     string              // empty: not known
	GoldAnswer   string              // empty: not known
	PredAnswer   *string             // the answer that was read from the response; empty (null in JSON): there is none; nil: not known
	Verdict      negativa.Outcome    // Unverified: not known
	Reason       string              // why it is not correct
	Stop         negativa.StopReason // empty: not known
	Tokens       int                 // length of the response, stop token included; 0: not known
	LogprobSum   *float64            // nats, over Tokens, at the sampling temperature, before truncation; nil: not known
}

// line is a Sample in JSON.
type line struct {
	QuestionID   scalar              `json:"question_id"`
	GenerationID scalar              `json:"generation_id"`
	Label        *bool               `json:"label"`
	Prompt       scalar              `json:"prompt,omitzero"`
	Response     scalar              `json:"response,omitzero"`
	GoldAnswer   scalar              `json:"gold_answer,omitzero"`
	PredAnswer   scalar              `json:"pred_answer,omitzero"`
	Verdict      negativa.Outcome    `json:"verdict,omitzero"`
	Reason       string              `json:"reason,omitempty"`
	Stop         negativa.StopReason `json:"stop,omitempty"`
	Tokens       int                 `json:"num_tokens,omitempty"`
	LogprobSum   *float64            `json:"logprob_sum,omitempty"`
}

// scalar is a text, or a number in its digits. The zero scalar is a missing key.
type scalar struct {
	present bool
	number  bool
	text    string
}

func text(s string) scalar { return scalar{present: true, text: s} }

// UnmarshalJSON reads a string, a number or null, which is an empty text.
func (s *scalar) UnmarshalJSON(value []byte) error {
	s.present = true
	switch c := value[0]; {
	case c == '"':
		return json.Unmarshal(value, &s.text)
	case c == '-' || c >= '0' && c <= '9':
		s.number, s.text = true, string(value)
	case c != 'n':
		return fmt.Errorf("%s is neither text nor a number", value)
	}
	return nil
}

// MarshalJSON writes the number or the text.
func (s scalar) MarshalJSON() ([]byte, error) {
	if s.number {
		return []byte(s.text), nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(s.text)
	return bytes.TrimSpace(out.Bytes()), err
}

// WriteSamples writes the groups' samples, one JSON object a line. Every sample must
// have a verdict.
func WriteSamples(w io.Writer, groups []negativa.Group) error {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for _, group := range groups {
		for _, rollout := range group.Rollouts {
			if err := e.Encode(newLine(group.Problem, rollout)); err != nil {
				return fmt.Errorf("write sample %d of question %q: %w", rollout.Sample, group.Problem.ID, err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	return nil
}

func newLine(p negativa.Problem, r negativa.Rollout) line {
	s := newSample(p, r)
	return line{
		QuestionID:   text(s.QuestionID),
		GenerationID: scalar{present: true, number: true, text: s.GenerationID},
		Label:        &s.Label,
		Prompt:       text(s.Prompt),
		Response:     text(s.Response),
		GoldAnswer:   text(s.GoldAnswer),
		PredAnswer:   text(*s.PredAnswer),
		Verdict:      s.Verdict,
		Reason:       s.Reason,
		Stop:         s.Stop,
		Tokens:       s.Tokens,
		LogprobSum:   s.LogprobSum,
	}
}

// newSample is a graded rollout as sample files have it.
func newSample(p negativa.Problem, r negativa.Rollout) Sample {
	s := Sample{
		QuestionID:   p.ID,
		GenerationID: strconv.Itoa(r.Sample),
		Label:        r.Verdict.Outcome == negativa.Correct,
		Prompt:       p.Prompt,
		Response:     r.Text,
		GoldAnswer:   p.Gold,
		PredAnswer:   &r.Verdict.Answer,
		Verdict:      r.Verdict.Outcome,
		Reason:       r.Verdict.Reason,
		Stop:         r.Stop,
		Tokens:       len(r.Tokens),
	}
	if len(r.Logprobs) == len(r.Tokens) {
		s.LogprobSum = new(0.0)
		for _, l := range r.Logprobs {
			*s.LogprobSum += float64(l)
		}
	}
	return s
}

// maxLine bounds the memory that one line can take.
const maxLine = 64 << 20

// ReadSamples reads samples in the order of the file, one at a time. An error names the
// file, the line and what to do, and ends the sequence: a line that is no JSON object or
// is cut off, a missing or mistyped key, a (question_id, generation_id) seen before.
func ReadSamples(r io.Reader, file string) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		type id struct{ question, generation string }
		seen := map[id]int{}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		number := 0
		for lines.Scan() {
			number++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			s, err := parseLine(lines.Bytes())
			at := id{s.QuestionID, s.GenerationID}
			if first := seen[at]; err == nil && first > 0 {
				err = fmt.Errorf("question_id %q with generation_id %q was on line %d already: number a question's samples differently, or remove one of them",
					s.QuestionID, s.GenerationID, first)
			}
			if err != nil {
				yield(Sample{}, fmt.Errorf("%s:%d: %w", file, number, err))
				return
			}
			seen[at] = number
			if !yield(s, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Sample{}, unreadable(file, number+1, err))
		}
	}
}

func unreadable(file string, number int, err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d MiB: a sample file has one JSON object a line", file, number, maxLine>>20)
	}
	return fmt.Errorf("read %s after line %d: %w", file, number-1, err)
}

func parseLine(content []byte) (Sample, error) {
	var l line
	if err := json.Unmarshal(content, &l); err != nil {
		return Sample{}, explain(content, err)
	}
	if err := l.check(); err != nil {
		return Sample{}, err
	}
	s := Sample{
		QuestionID: l.QuestionID.text, GenerationID: l.GenerationID.text, Label: *l.Label,
		Prompt: l.Prompt.text, Response: l.Response.text, GoldAnswer: l.GoldAnswer.text,
		Verdict: l.Verdict, Reason: l.Reason, Stop: l.Stop, Tokens: l.Tokens, LogprobSum: l.LogprobSum,
	}
	if l.PredAnswer.present {
		s.PredAnswer = &l.PredAnswer.text
	}
	return s, nil
}

// explain says what is wrong with a line that is not a sample.
func explain(content []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if syntax.Offset >= int64(len(content)) {
			return fmt.Errorf("the line is cut off: remove it, or write the file again: %w", err)
		}
		return fmt.Errorf("the line is not JSON: a sample file has one JSON object a line: %w", err)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if kind.Field == "" {
			return fmt.Errorf("the line is a JSON %s: a sample file has one JSON object a line", kind.Value)
		}
		return fmt.Errorf("%s is a JSON %s where a %s is needed", kind.Field, kind.Value, kind.Type)
	}
	return err
}

func (l line) check() error {
	for _, id := range []struct {
		key   string
		value scalar
	}{{"question_id", l.QuestionID}, {"generation_id", l.GenerationID}} {
		if id.value.text == "" {
			return fmt.Errorf("there is no %s: give each line a text or an integer that says which %[1]s it is", id.key)
		}
		if _, err := strconv.ParseInt(id.value.text, 10, 64); id.value.number && err != nil {
			return fmt.Errorf("%s is %s: it must be a text or an integer", id.key, id.value.text)
		}
	}
	switch {
	case l.Label == nil:
		return errors.New(`there is no label: grade the samples first, "label" is true for a correct one and false for a wrong one`)
	case l.Verdict != negativa.Unverified && *l.Label != (l.Verdict == negativa.Correct):
		return fmt.Errorf("label is %t and verdict is %q: they contradict each other, grade the sample again", *l.Label, l.Verdict)
	case l.Stop != "" && l.Stop != negativa.StopToken && l.Stop != negativa.StopLength:
		return fmt.Errorf("stop is %q: it must be %q or %q", l.Stop, negativa.StopToken, negativa.StopLength)
	case l.Tokens < 0:
		return fmt.Errorf("num_tokens is %d: it must be the length of the response in tokens", l.Tokens)
	}
	return nil
}

// File evaluates a file of graded samples. With n > 0 it takes the first n samples of
// each question, as the paper's script does, and a question with fewer is an error that
// names it; with n = 0 it takes all, and k goes up to the smallest number of samples.
// Pass@k is estimated at the powers of two and at ks.
func File(path string, n int, ks []int, bootstrap Bootstrap) (Evaluation, error) {
	if n < 0 {
		return Evaluation{}, fmt.Errorf("evaluate %s: n is %d; it must be positive, or 0 for all samples", path, n)
	}
	f, err := os.Open(path)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate samples: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	t := newTally(n, ks)
	for s, err := range ReadSamples(io.TeeReader(f, hash), path) {
		if err != nil {
			return Evaluation{}, fmt.Errorf("evaluate samples: %w", err)
		}
		if err := t.add(s); err != nil {
			return Evaluation{}, fmt.Errorf("evaluate %s: %w", path, err)
		}
	}
	e, err := t.evaluation(Conditions{Source: path, SHA256: hex.EncodeToString(hash.Sum(nil))}, bootstrap)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate %s: %w", path, err)
	}
	return e, nil
}
