package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
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
	FinishReason string              // what the server that wrote the response called its end; empty: not known
	Subject      string              // of the question; empty: not known
	Level        string              // of the question; empty: not known
	Tokens       int                 // length of the response, stop token included; 0: not known
	IDs          []negativa.Token    // the response as it was sampled, stop token included; empty: not known
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
	FinishReason string              `json:"finish_reason,omitempty"`
	Subject      scalar              `json:"subject,omitzero"`
	Type         scalar              `json:"type,omitzero"` // what the MATH data set calls the subject; read, not written
	Level        scalar              `json:"level,omitzero"`
	Tokens       int                 `json:"num_tokens,omitempty"`
	IDs          []negativa.Token    `json:"tokens,omitempty"`
	LogprobSum   *float64            `json:"logprob_sum,omitempty"`
}

// scalar is a text, or a number in its digits. The zero scalar is a missing key.
type scalar struct {
	present bool
	number  bool
	text    string
}

func text(s string) scalar { return scalar{present: true, text: s} }

// given is a text that is left out where it is empty.
func given(s string) scalar { return scalar{present: s != "", text: s} }

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

// line is the sample as it stands in a file.
func (s Sample) line() line {
	l := line{
		QuestionID:   text(s.QuestionID),
		GenerationID: text(s.GenerationID),
		Label:        &s.Label,
		Prompt:       given(s.Prompt),
		Response:     text(s.Response),
		GoldAnswer:   given(s.GoldAnswer),
		Verdict:      s.Verdict,
		Reason:       s.Reason,
		Stop:         s.Stop,
		FinishReason: s.FinishReason,
		Subject:      given(s.Subject),
		Level:        given(s.Level),
		Tokens:       s.Tokens,
		IDs:          s.IDs,
		LogprobSum:   s.LogprobSum,
	}
	if number, err := strconv.Atoi(s.GenerationID); err == nil && strconv.Itoa(number) == s.GenerationID {
		l.GenerationID.number = true
	}
	if s.PredAnswer != nil {
		l.PredAnswer = text(*s.PredAnswer)
	}
	return l
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
		IDs:          r.Tokens,
		Subject:      p.Subject,
		Level:        p.Level,
	}
	if len(r.Logprobs) == len(r.Tokens) {
		s.LogprobSum = new(0.0)
		for _, l := range r.Logprobs {
			*s.LogprobSum += float64(l)
		}
	}
	return s
}

// parseLine reads a line. Where labels are not needed one may be missing, and what the
// line says of its verdict counts for nothing.
func parseLine(content []byte, needLabel bool) (Sample, error) {
	var l line
	if err := json.Unmarshal(content, &l); err != nil {
		return Sample{}, explain(content, err)
	}
	if !needLabel {
		l.Label, l.Verdict = new(false), negativa.Unverified
	}
	if err := l.check(); err != nil {
		return Sample{}, err
	}
	s := Sample{
		QuestionID: l.QuestionID.text, GenerationID: l.GenerationID.text, Label: *l.Label,
		Prompt: l.Prompt.text, Response: l.Response.text, GoldAnswer: l.GoldAnswer.text,
		Verdict: l.Verdict, Reason: l.Reason, Stop: l.Stop, FinishReason: l.FinishReason,
		Subject: cmp.Or(l.Subject.text, l.Type.text), Level: l.Level.text,
		Tokens: cmp.Or(l.Tokens, len(l.IDs)), IDs: l.IDs, LogprobSum: l.LogprobSum,
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
		return errors.New(`there is no label, which is true for a correct sample and false for a wrong one: grade the samples first (eval --regrade does)`)
	case l.Verdict != negativa.Unverified && *l.Label != (l.Verdict == negativa.Correct):
		return fmt.Errorf("label is %t and verdict is %q: they contradict each other, grade the sample again", *l.Label, l.Verdict)
	case l.Stop != "" && l.Stop != negativa.StopToken && l.Stop != negativa.StopLength:
		return fmt.Errorf("stop is %q: it must be %q or %q", l.Stop, negativa.StopToken, negativa.StopLength)
	case l.Tokens < 0:
		return fmt.Errorf("num_tokens is %d: it must be the length of the response in tokens", l.Tokens)
	case l.Tokens > 0 && len(l.IDs) > 0 && l.Tokens != len(l.IDs):
		return fmt.Errorf("num_tokens is %d and there are %d tokens: leave one of the keys out, or write what was sampled", l.Tokens, len(l.IDs))
	}
	return nil
}
