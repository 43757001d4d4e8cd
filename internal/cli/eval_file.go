package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/eval"
)

// fromFile evaluates samples that somebody drew.
func (c *evalCommand) fromFile(a *app, s settings) (eval.Evaluation, error) {
	r := eval.Reading{N: s.n, K: c.K, Bootstrap: eval.DefaultBootstrap(c.Seed), Ungraded: c.Regrade}
	var known questions
	if c.Data != "" {
		var err error
		if known, err = c.fileQuestions(a, settings{template: new(templates["plain"])}); err != nil {
			return eval.Evaluation{}, badInput(err)
		}
	}
	var version string
	complete, err := c.completion(known, &version)
	if err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	r.Complete = complete
	info, err := os.Stat(c.Samples)
	if err != nil {
		return eval.Evaluation{}, badInput(fmt.Errorf("evaluate samples: %w", err))
	}
	e, err := c.read(a, r, info.Size())
	e.Conditions.Verifier, e.Conditions.Data = version, known.data
	return e, badInput(err)
}

// completion says of each sample what the file does not: where its question belongs, if
// the problems are known, and what it is worth, if it is graded again.
func (c *evalCommand) completion(known questions, version *string) (func(*eval.Sample) error, error) {
	problems := map[string]negativa.Problem{}
	for _, p := range known.problems {
		problems[p.ID] = p
	}
	place := func(s *eval.Sample) error {
		if p, ok := problems[s.QuestionID]; ok {
			// A row's number is not the question's own: another file has such a row too.
			if question := strings.TrimSpace(p.Prompt); known.numbered && s.Prompt != "" && !strings.Contains(s.Prompt, question) {
				return fmt.Errorf("question %q is another in %s, as its prompt does not hold %.60q: name the file that the samples were drawn from", s.QuestionID, c.Data, question)
			}
			s.Subject, s.Level, s.GoldAnswer = p.Subject, p.Level, p.Gold
			return nil
		}
		if known.data != nil {
			return fmt.Errorf("question %q is not among the problems of %s", s.QuestionID, c.Data)
		}
		return nil
	}
	if !c.Regrade {
		return place, nil
	}
	grader, name, err := c.grader()
	*version = name
	return func(s *eval.Sample) error {
		if err := place(s); err != nil {
			return err
		}
		if s.GoldAnswer == "" {
			return fmt.Errorf("sample %s of question %q has no gold_answer: name the file of the problems with --data", s.GenerationID, s.QuestionID)
		}
		verdict := grader.Verify(negativa.Problem{ID: s.QuestionID, Prompt: s.Prompt, Gold: s.GoldAnswer}, s.Response)
		s.Verdict, s.Reason, s.PredAnswer = verdict.Outcome, verdict.Reason, &verdict.Answer
		s.Label = verdict.Outcome == negativa.Correct
		return nil
	}, err
}

// read evaluates the file, and keeps samples that were graded again.
func (c *evalCommand) read(a *app, r eval.Reading, size int64) (e eval.Evaluation, err error) {
	const unit = 1 << 20 // of progress
	p := a.start("read", int(size/unit)+1)
	defer p.stop()
	keep := io.Discard
	if c.Regrade && c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return e, err
		}
		file, err := renameio.NewPendingFile(filepath.Join(c.Out, samplesFile), renameio.WithPermissions(0o644))
		if err != nil {
			return e, fmt.Errorf("keep the samples: %w", err)
		}
		defer file.Cleanup() //nolint:errcheck // does nothing once the file is in place
		defer func() {
			if err == nil {
				err = file.CloseAtomicallyReplace()
			}
		}()
		keep = file
	}
	w := bufio.NewWriter(keep)
	r.Each = func(s eval.Sample, read int64) error {
		if done := int(read / unit); done > p.done {
			p.add(done-p.done, "")
		}
		if keep == io.Discard {
			return a.ctx.Err()
		}
		return errors.Join(a.ctx.Err(), eval.WriteSample(w, s))
	}
	if e, err = r.File(c.Samples); err != nil {
		return e, err
	}
	return e, w.Flush()
}
