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

	"github.com/negativa-lab/negativa"
)

// WriteSamples writes the groups' samples, one JSON object a line. Every sample must
// have a verdict.
func WriteSamples(w io.Writer, groups []negativa.Group) error {
	out := bufio.NewWriter(w)
	for _, group := range groups {
		for _, rollout := range group.Rollouts {
			if err := WriteSample(out, newSample(group.Problem, rollout)); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	return nil
}

// WriteSample writes one sample as a line.
func WriteSample(w io.Writer, s Sample) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(s.line()); err != nil {
		return fmt.Errorf("write sample %s of question %q: %w", s.GenerationID, s.QuestionID, err)
	}
	return nil
}

// maxLine bounds the memory that one line can take.
const maxLine = 64 << 20

// ReadSamples reads samples in the order of the file, one at a time. An error names the
// file, the line and what to do, and ends the sequence: a line that is no JSON object or
// is cut off, a missing or mistyped key, a (question_id, generation_id) seen before.
func ReadSamples(r io.Reader, file string) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		for l, err := range readLines(r, file, true) {
			if !yield(l.Sample, err) {
				return
			}
		}
	}
}

type sampleID struct{ question, generation string }

func (s Sample) id() sampleID { return sampleID{s.QuestionID, s.GenerationID} }

// located is a sample and where its line stands in the file, line break included.
type located struct {
	Sample
	at span
}

type span struct{ from, to int64 }

func readLines(r io.Reader, file string, needLabel bool) iter.Seq2[located, error] {
	return func(yield func(located, error) bool) {
		var at span
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			advance, token, err := bufio.ScanLines(data, atEOF)
			at = span{at.to, at.to + int64(advance)}
			return advance, token, err
		})
		seen := map[sampleID]int{}
		number := 0
		for lines.Scan() {
			number++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			s, err := parseLine(lines.Bytes(), needLabel)
			if first := seen[s.id()]; err == nil && first > 0 {
				err = fmt.Errorf("question_id %q with generation_id %q was on line %d already: number a question's samples differently, or remove one of them",
					s.QuestionID, s.GenerationID, first)
			}
			if err != nil {
				yield(located{}, fmt.Errorf("%s:%d: %w", file, number, err))
				return
			}
			seen[s.id()] = number
			if !yield(located{s, at}, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(located{}, unreadable(file, number+1, err))
		}
	}
}

func unreadable(file string, number int, err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d MiB: a sample file has one JSON object a line", file, number, maxLine>>20)
	}
	return fmt.Errorf("read %s after line %d: %w", file, number-1, err)
}

// File evaluates a file of graded samples, one JSON object a line with question_id,
// generation_id and label: the first n samples of each question, or all if n is 0, at the
// powers of two and at ks. It is Reading.File with nothing but these limits.
func File(path string, n int, ks []int, bootstrap Bootstrap) (Evaluation, error) {
	return Reading{N: n, K: ks, Bootstrap: bootstrap}.File(path)
}

// Reading is how a file of samples is evaluated.
type Reading struct {
	// N > 0 takes the first N samples of each question, as the paper's script does, and a
	// question with fewer is an error that names it; 0 takes all, and k goes up to the
	// smallest number of samples.
	N         int
	K         []int // at which Pass@k is estimated beside the powers of two
	Bootstrap Bootstrap
	// Complete, if not nil, is given each sample before it is counted: to grade it, or to
	// say what the file does not. Its error ends the evaluation.
	Complete func(*Sample) error
	// Answers, if not nil, lists all right answers of a question, as an Enumerator does.
	Answers  func(question string) ([]string, error)
	Ungraded bool // labels may be missing and are not read: Complete grades
	// Each, if not nil, is given each sample that was completed, in the file's order, and
	// how many bytes of the file were read with it.
	Each func(s Sample, read int64) error
}

// File evaluates the samples of the file at path.
func (r Reading) File(path string) (Evaluation, error) {
	if r.N < 0 {
		return Evaluation{}, fmt.Errorf("evaluate %s: n is %d; it must be positive, or 0 for all samples", path, r.N)
	}
	f, err := os.Open(path)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate samples: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	t := newTally(r.N, r.K)
	for l, err := range readLines(io.TeeReader(f, hash), path, !r.Ungraded) {
		if err != nil {
			return Evaluation{}, fmt.Errorf("evaluate samples: %w", err)
		}
		if err := r.count(t, l); err != nil {
			return Evaluation{}, fmt.Errorf("evaluate %s: %w", path, err)
		}
	}
	if err := r.enumerate(t); err != nil {
		return Evaluation{}, fmt.Errorf("evaluate %s: %w", path, err)
	}
	e, err := t.evaluation(Conditions{Source: path, SHA256: hex.EncodeToString(hash.Sum(nil))}, r.Bootstrap)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate %s: %w", path, err)
	}
	return e, nil
}

// enumerate notes the right answers of the questions.
func (r Reading) enumerate(t *tally) error {
	if r.Answers == nil {
		return nil
	}
	for _, q := range t.questions {
		answers, err := r.Answers(q.id)
		if err != nil {
			return fmt.Errorf("correct answers of question %q: %w", q.id, err)
		}
		if err := t.enumerate(q.id, answers); err != nil {
			return err
		}
	}
	return nil
}

func (r Reading) count(t *tally, l located) error {
	if r.Complete != nil {
		if err := r.Complete(&l.Sample); err != nil {
			return err
		}
	}
	if err := t.add(l.Sample); err != nil || r.Each == nil {
		return err
	}
	return r.Each(l.Sample, l.at.to)
}
