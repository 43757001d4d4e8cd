package serve

import (
	"context"
	"fmt"

	"github.com/negativa-lab/negativa/internal/grade"
)

// graded is an answer in negativa's own shape.
type graded struct {
	grade.Result
	Score *score `json:"score"` // null: nothing can be said of the answer
}

// native answers {"gold", "response", "id"?} and {"items": [...]} of such objects.
func (s *Server) native(ctx context.Context, body []byte) (any, error) {
	request, err := parse[object](body, "the request", anObject)
	if err != nil {
		return nil, err
	}
	raw, batch := request["items"]
	if !batch {
		rows, err := s.gradeRows(ctx, []object{request}, func(int) string { return "" })
		if err != nil {
			return nil, err
		}
		return rows[0], nil
	}
	if err := known(request, "", "items"); err != nil {
		return nil, err
	}
	items, err := parse[[]object](raw, "items", "a list of objects")
	if err != nil {
		return nil, err
	}
	rows, err := s.gradeRows(ctx, items, func(i int) string { return fmt.Sprintf("items[%d].", i) })
	return map[string][]graded{"results": rows}, err
}

func (s *Server) gradeRows(ctx context.Context, rows []object, where func(int) string) ([]graded, error) {
	items, found := make([]item, len(rows)), make([]graded, len(rows))
	for i, row := range rows {
		err := known(row, where(i), "id", "gold", "response")
		if err == nil {
			found[i].ID, err = grade.Identity(row["id"], i+1)
		}
		if err == nil {
			items[i].gold, err = grade.Text(row["gold"], where(i)+"gold")
		}
		if err == nil {
			items[i].response, err = grade.Text(row["response"], where(i)+"response")
		}
		if err != nil {
			return nil, badRequest(err)
		}
	}
	grades, err := s.gradeAll(ctx, items)
	if err != nil {
		return nil, err
	}
	for i, g := range grades {
		found[i].Result = grade.NewResult(found[i].ID, g)
		if value, ok := scoreOf(g.Outcome); ok {
			found[i].Score = &value
		}
	}
	return found, nil
}
