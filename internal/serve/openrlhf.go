package serve

import (
	"context"
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// openRLHFAnswer is what OpenRLHF reads: lists with a number for each query.
type openRLHFAnswer struct {
	Rewards []score            `json:"rewards"`
	Scores  []score            `json:"scores"`
	Logs    map[string][]score `json:"extra_logs"`
}

// openRLHF answers what OpenRLHF posts to --reward.remote_url (--remote_rm_url): lists
// query, each a prompt and its response with special tokens, prompts, and labels, the
// golds. Other keys are ignored.
func (s *Server) openRLHF(ctx context.Context, body []byte) (any, error) {
	request, err := parse[object](body, "the request", anObject)
	if err != nil {
		return nil, err
	}
	queries, err := column(request, "query")
	if err != nil {
		return nil, err
	}
	golds, err := column(request, "labels")
	if err != nil {
		return nil, err
	}
	if raw, ok := request["prompts"]; ok && string(raw) != "null" {
		if err := cutPrompts(request, queries); err != nil {
			return nil, err
		}
	}
	items, err := pair(golds, queries, "labels", "query")
	if err != nil {
		return nil, err
	}
	for i := range items {
		items[i].response = trimSpecial(items[i].response)
	}
	grades, err := s.gradeAll(ctx, items)
	if err != nil {
		return nil, err
	}
	scores, err := scoresOf(grades)
	return openRLHFAnswer{Rewards: scores, Scores: scores, Logs: map[string][]score{"unparsed_prediction": unparsed(grades)}}, err
}

// cutPrompts leaves the responses of queries. A prompt must not be graded: what it says,
// a boxed example for one, is not the answer.
func cutPrompts(request object, queries []string) error {
	prompts, err := column(request, "prompts")
	if err != nil {
		return err
	}
	if len(prompts) != len(queries) {
		return badRequest(fmt.Errorf("query has %d entries and prompts %d: there must be one for one", len(queries), len(prompts)))
	}
	for i, prompt := range prompts {
		_, response, found := strings.Cut(queries[i], prompt)
		if !found {
			return badRequest(fmt.Errorf("prompts[%d] is not in query[%d], so the response cannot be told from the prompt: send it as it is there, or only responses as query and no prompts", i, i))
		}
		queries[i] = response
	}
	return nil
}

// unparsed has 1 where no answer could be read.
func unparsed(grades []verify.Grade) []score {
	found := make([]score, len(grades))
	for i, g := range grades {
		if g.Outcome == negativa.UnparsedPrediction {
			found[i] = 1
		}
	}
	return found
}
