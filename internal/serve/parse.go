package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/grade"
	"github.com/negativa-lab/negativa/internal/nearest"
)

type object = map[string]json.RawMessage

// parse reads a JSON value; what names it in errors.
func parse[T any](raw []byte, what, kind string) (value T, err error) {
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return value, badRequest(fmt.Errorf("%s is null: it must be %s", what, kind))
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = fmt.Errorf("there is a JSON %s", mistyped.Value)
		}
		return value, badRequest(fmt.Errorf("%s must be %s: %w", what, kind, err))
	}
	return value, nil
}

const anObject, aList = "a JSON object", "a list"

// known refuses keys that would be ignored.
func known(o object, where string, keys ...string) error {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(keys, key) {
			return badRequest(fmt.Errorf("%s%s is not a key: did you mean %q? (keys: %s)", where, key, nearest.To(key, keys), strings.Join(keys, ", ")))
		}
	}
	return nil
}

// column reads a list with one text for each answer.
func column(request object, name string) ([]string, error) {
	raw, ok := request[name]
	if !ok {
		return nil, badRequest(fmt.Errorf("there is no %s: it must be a list", name))
	}
	values, err := parse[[]json.RawMessage](raw, name, aList)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(values))
	for i, value := range values {
		if texts[i], err = grade.Text(value, fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return nil, badRequest(err)
		}
	}
	return texts, nil
}

// pair joins golds and responses.
func pair(golds, responses []string, goldName, responseName string) ([]item, error) {
	if len(golds) != len(responses) {
		return nil, badRequest(fmt.Errorf("%s has %d entries and %s %d: there must be one for one", responseName, len(responses), goldName, len(golds)))
	}
	items := make([]item, len(golds))
	for i := range items {
		items[i] = item{gold: golds[i], response: responses[i]}
	}
	return items, nil
}
