package eval

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/negativa-lab/negativa"
)

// tally counts samples as they come, so that nobody needs to hold them.
type tally struct {
	ks        []int       // asked for beside the powers of two
	limit     int         // samples counted of each question, the first ones; 0: all
	questions []*question // in the order of their first sample
	byID      map[string]*question
	samples   int
	outcomes  map[negativa.Outcome]int
	judged    int // samples that name their verdict
	tokens    known
	logprobs  known
	truncated known
}

// question is the tally of one question.
type question struct {
	id           string
	subject      string // empty: not known
	level        string // empty: not known
	n            int
	right, wrong map[string]int // samples by answer
	blank        int            // samples that are known to have no answer
	correct      int
	unknown      bool // some sample does not say what its answer is
	answers      int  // correct answers that exist; 0: not known
}

// known sums what samples say of themselves, and how many of them do.
type known struct {
	sum   float64
	count int
}

func (k *known) add(v float64) {
	k.sum += v
	k.count++
}

func newTally(limit int, ks []int) *tally {
	return &tally{limit: limit, ks: ks, byID: map[string]*question{}, outcomes: map[negativa.Outcome]int{}}
}

func (t *tally) question(id string) *question {
	q := t.byID[id]
	if q == nil {
		q = &question{id: id, right: map[string]int{}, wrong: map[string]int{}}
		t.byID[id] = q
		t.questions = append(t.questions, q)
	}
	return q
}

// add counts a sample. A question whose gold answer is broken has no right samples
// because nobody can tell, so it is refused.
func (t *tally) add(s Sample) error {
	if s.Verdict == negativa.UnparsedGold {
		return fmt.Errorf("question %q: its gold answer cannot be read (%s): repair the question or leave it out", s.QuestionID, s.Reason)
	}
	q := t.question(s.QuestionID)
	if err := q.place(s); err != nil {
		return err
	}
	if t.limit > 0 && q.n == t.limit {
		return nil
	}
	q.add(s)
	t.samples++
	if s.Verdict != negativa.Unverified {
		t.outcomes[s.Verdict]++
		t.judged++
	}
	if s.Tokens > 0 {
		t.tokens.add(float64(s.Tokens))
	}
	if s.LogprobSum != nil {
		t.logprobs.add(*s.LogprobSum)
	}
	switch s.Stop {
	case negativa.StopLength:
		t.truncated.add(1)
	case negativa.StopToken:
		t.truncated.add(0)
	}
	return nil
}

// place notes where a question belongs, of which its samples cannot disagree.
func (q *question) place(s Sample) error {
	for _, part := range []struct {
		key   string
		known *string
		said  string
	}{{"subject", &q.subject, s.Subject}, {"level", &q.level, s.Level}} {
		if *part.known == "" {
			*part.known = part.said
		}
		if part.said != "" && part.said != *part.known {
			return fmt.Errorf("question %q: its %s is %q in one sample and %q in another: give each question one", q.id, part.key, *part.known, part.said)
		}
	}
	return nil
}

func (q *question) add(s Sample) {
	q.n++
	if s.Label {
		q.correct++
	}
	switch {
	case s.PredAnswer == nil, s.Label && *s.PredAnswer == "":
		q.unknown = true
	case *s.PredAnswer == "":
		q.blank++
	case s.Label:
		q.right[*s.PredAnswer]++
	default:
		q.wrong[*s.PredAnswer]++
	}
}

// evaluation turns the counts into estimates.
func (t *tally) evaluation(conditions Conditions, bootstrap Bootstrap) (Evaluation, error) {
	counts, err := t.counts()
	if err != nil {
		return Evaluation{}, err
	}
	conditions.Interval = IntervalMethod{"percentile bootstrap over problems", bootstrap}
	e := Evaluation{N: samples(counts), Problems: len(counts), Conditions: conditions, Counts: counts}
	if err := checkK(t.ks, e.N); err != nil {
		return Evaluation{}, err
	}
	ks := slices.Compact(slices.Sorted(slices.Values(slices.Concat(Powers(e.N), t.ks))))
	if e.PassAtK, err = Curve(counts, ks); err != nil {
		return Evaluation{}, err
	}
	if len(counts) > 1 {
		if e.Interval, err = bootstrap.Intervals(counts, ks); err != nil {
			return Evaluation{}, err
		}
	}
	if e.MajorityAtK, err = t.majority(ks); err != nil {
		return Evaluation{}, err
	}
	if e.Levels, err = parts(counts, Count.level, ks, bootstrap); err != nil {
		return Evaluation{}, err
	}
	if e.Subjects, err = parts(counts, Count.subject, ks, bootstrap); err != nil {
		return Evaluation{}, err
	}
	e.DistinctCorrect, e.Coverage = t.diversity()
	if e.CoverageAtK, e.CoverageInterval, err = bootstrap.coverage(counts, ks); err != nil {
		return Evaluation{}, err
	}
	e.MeanLength = t.perSample(t.tokens)
	e.TruncatedRatio = t.perSample(t.truncated)
	if t.judged == t.samples {
		e.Outcomes = t.outcomes
	}
	if t.perSample(t.logprobs) != nil && e.MeanLength != nil {
		e.NegLogprob = new(-t.logprobs.sum / t.tokens.sum)
	}
	if conditions.untruncated() {
		e.Entropy = e.NegLogprob
	}
	return e, nil
}

func (t *tally) counts() ([]Count, error) {
	if len(t.questions) == 0 {
		return nil, errors.New("there are no samples to evaluate")
	}
	counts := make([]Count, len(t.questions))
	for i, q := range t.questions {
		if q.n < t.limit {
			return nil, fmt.Errorf("question %q has %d samples and %d were asked for: draw the rest, or ask for n = %d", q.id, q.n, t.limit, q.n)
		}
		counts[i] = Count{ID: q.id, N: q.n, C: q.correct, Subject: q.subject, Level: q.level, Found: q.found()}
	}
	return counts, nil
}

// perSample is a mean over samples, if each of them gave a number.
func (t *tally) perSample(k known) *float64 {
	if k.count < t.samples {
		return nil
	}
	return new(k.sum / float64(k.count))
}

// answersKnown tells whether every sample says what its answer is.
func (t *tally) answersKnown() bool {
	return !slices.ContainsFunc(t.questions, func(q *question) bool { return q.unknown })
}

func (t *tally) majority(ks []int) (ByK[float64], error) {
	if !t.answersKnown() {
		return nil, nil
	}
	ballots := make([]Ballot, len(t.questions))
	for i, q := range t.questions {
		ballots[i] = Ballot{q.id, slices.Sorted(maps.Values(q.right)), slices.Sorted(maps.Values(q.wrong)), q.blank}
	}
	return MajorityCurve(ballots, ks)
}

// diversity is the mean number of distinct correct answers, and the mean share of all
// correct answers that they are.
func (t *tally) diversity() (distinct, coverage *float64) {
	if !t.answersKnown() {
		return nil, nil
	}
	var found, share known
	for _, q := range t.questions {
		found.add(float64(len(q.right)))
		if q.answers > 0 {
			share.add(float64(len(q.right)) / float64(q.answers))
		}
	}
	if share.count == found.count {
		coverage = new(share.sum / float64(share.count))
	}
	return new(found.sum / float64(found.count)), coverage
}
