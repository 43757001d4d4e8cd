package serve

import (
	"context"

	"github.com/negativa-lab/negativa/internal/grade"
)

// verlAnswer is what verl reads of a reward function: score and what it logs beside it.
// Every answer has every key, as verl's metrics need.
type verlAnswer struct {
	Score   score  `json:"score"`
	Acc     bool   `json:"acc"`
	Pred    string `json:"pred"` // the answer in normal form, for verl's majority votes
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// verl answers the arguments of a verl reward function as JSON: solution_str and
// ground_truth, or solution_strs and ground_truths for a list of answers. data_source,
// extra_info and other keys are ignored.
func (s *Server) verl(ctx context.Context, body []byte) (any, error) {
	request, err := parse[object](body, "the request", anObject)
	if err != nil {
		return nil, err
	}
	if _, batch := request["solution_strs"]; batch {
		return s.verlBatch(ctx, request)
	}
	var one item
	if one.response, err = grade.Text(request["solution_str"], "solution_str"); err != nil {
		return nil, badRequest(err)
	}
	if one.gold, err = grade.Text(request["ground_truth"], "ground_truth"); err != nil {
		return nil, badRequest(err)
	}
	answers, err := s.verlGrade(ctx, []item{one})
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

func (s *Server) verlBatch(ctx context.Context, request object) (any, error) {
	responses, err := column(request, "solution_strs")
	if err != nil {
		return nil, err
	}
	golds, err := column(request, "ground_truths")
	if err != nil {
		return nil, err
	}
	items, err := pair(golds, responses, "ground_truths", "solution_strs")
	if err != nil {
		return nil, err
	}
	return s.verlGrade(ctx, items)
}

func (s *Server) verlGrade(ctx context.Context, items []item) ([]verlAnswer, error) {
	grades, err := s.gradeAll(ctx, items)
	if err != nil {
		return nil, err
	}
	scores, err := scoresOf(grades)
	if err != nil {
		return nil, err
	}
	answers := make([]verlAnswer, len(grades))
	for i, g := range grades {
		answers[i] = verlAnswer{Score: scores[i], Acc: scores[i] == 1, Pred: g.PredictionNormal, Verdict: g.Outcome.String(), Reason: g.Reason}
	}
	return answers, nil
}
