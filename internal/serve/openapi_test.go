package serve

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// contract is the OpenAPI document as something to check against.
type contract struct {
	document struct {
		Paths map[string]map[string]operation
	}
	compiler *jsonschema.Compiler
}

type operation struct {
	Security    *[]map[string][]string
	RequestBody *struct {
		Content map[string]struct{ Example json.RawMessage }
	}
	Responses map[string]struct {
		Content map[string]struct{ Example json.RawMessage }
		Headers map[string]any
	}
}

const documentURL = "http://localhost/openapi.json"

func readContract(t *testing.T) *contract {
	t.Helper()
	served := ask(server(t, nil), "GET", "/openapi.json", "").Body.Bytes()
	c := &contract{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(served, &c.document); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(served))
	if err != nil {
		t.Fatal(err)
	}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := c.compiler.AddResource(documentURL, document); err != nil {
		t.Fatal(err)
	}
	return c
}

// schema compiles the schema at a place in the document.
func (c *contract) schema(t *testing.T, place ...string) *jsonschema.Schema {
	t.Helper()
	var pointer strings.Builder
	for _, step := range place {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	s, err := c.compiler.Compile(documentURL + "#" + pointer.String())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *contract) request(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	return c.schema(t, "paths", path, "post", "requestBody", "content", "application/json", "schema")
}

func matches(s *jsonschema.Schema, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// check holds an answer to what the document says of its status.
func (c *contract) check(t *testing.T, method, path string, w *httptest.ResponseRecorder) error {
	t.Helper()
	if w.Header().Get("Content-Type") != "application/json" {
		return nil
	}
	return matches(c.schema(t, "paths", path, strings.ToLower(method), "responses", strconv.Itoa(w.Code), "content", "application/json", "schema"), w.Body.Bytes())
}

func TestDocumentHasEveryRoute(t *testing.T) {
	c, s := readContract(t), server(t, func(o *Options) { o.Token = "secret" })
	if len(c.document.Paths) != len(s.routes) {
		t.Errorf("%d paths and %d routes", len(c.document.Paths), len(s.routes))
	}
	for path, target := range s.routes {
		op, ok := c.document.Paths[path][strings.ToLower(target.method())]
		if !ok || len(c.document.Paths[path]) != 1 {
			t.Errorf("%s is not described as %s alone", path, target.method())
			continue
		}
		if open := op.Security != nil && len(*op.Security) == 0; open != target.open {
			t.Errorf("%s: open to everyone is %t, the document says %t", path, target.open, open)
		}
		wrong := map[string]string{"GET": "POST", "POST": "GET"}[target.method()]
		for _, w := range []*httptest.ResponseRecorder{ask(s, target.method(), path, ""), ask(s, wrong, path, "")} {
			described, ok := op.Responses[strconv.Itoa(w.Code)]
			if !ok {
				t.Errorf("%s: status %d is not described", path, w.Code)
			}
			if w.Header().Get("WWW-Authenticate") != "" && described.Headers["WWW-Authenticate"] == nil {
				t.Errorf("%s: WWW-Authenticate is not described for status %d", path, w.Code)
			}
			if err := c.check(t, target.method(), path, w); err != nil {
				t.Errorf("%s: %s is not as described: %v", path, w.Body, err)
			}
		}
	}
}

// The document's examples are requests that are taken and answers that are given.
func TestExamplesAreTrue(t *testing.T) {
	c, s := readContract(t), server(t, nil)
	for path, methods := range c.document.Paths {
		op, ok := methods["post"]
		if !ok {
			continue
		}
		example := op.RequestBody.Content["application/json"].Example
		if err := matches(c.request(t, path), example); err != nil {
			t.Errorf("%s: example %s: %v", path, example, err)
		}
		w := ask(s, http.MethodPost, path, string(example))
		if w.Code != 200 {
			t.Errorf("%s: example %s is answered by %d %s", path, example, w.Code, w.Body)
		}
		for _, answer := range [][]byte{w.Body.Bytes(), op.Responses["200"].Content["application/json"].Example} {
			if err := matches(c.schema(t, "paths", path, "post", "responses", "200", "content", "application/json", "schema"), answer); err != nil {
				t.Errorf("%s: %s is not as described: %v", path, answer, err)
			}
		}
	}
}

// crossed are errors about two keys at once, which a schema cannot say.
var crossed = []string{"one for one", "cannot be told from the prompt"}

// Whatever is sent: the schema allows it exactly if the handler takes it, and the answer
// is as its schema says.
func TestSchemasSayWhatHandlersDo(t *testing.T) {
	c, s := readContract(t), server(t, nil)
	paths := []string{"/v1/grade", "/get_reward", "/compute_score"}
	requests := map[string]*jsonschema.Schema{}
	for _, path := range paths {
		requests[path] = c.request(t, path)
	}
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.SampledFrom(paths).Draw(rt, "path")
		body, err := json.Marshal(anyRequest().Draw(rt, "request"))
		if err != nil {
			rt.Fatal(err)
		}
		allowed := matches(requests[path], body)
		w := ask(s, http.MethodPost, path, string(body))
		isCrossed := slices.ContainsFunc(crossed, func(part string) bool { return strings.Contains(w.Body.String(), part) })
		switch {
		case (allowed == nil) != (w.Code != 400 || isCrossed):
			rt.Fatalf("%s %s: %d %s\nand the schema says %v", path, body, w.Code, w.Body, allowed)
		case w.Code != 200 && w.Code != 400 && w.Code != 422:
			rt.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
		}
		if err := c.check(t, http.MethodPost, path, w); err != nil {
			rt.Fatalf("%s %s: %d %s is not as described: %v", path, body, w.Code, w.Body, err)
		}
	})
}

// anyRequest draws requests that are right or nearly so.
func anyRequest() *rapid.Generator[any] {
	scalar := rapid.SampledFrom([]any{"2", "3", "", "?", "tower", 2, 2.5, true, nil, "12", "p2"})
	good := rapid.SampledFrom([]any{"2", "3", "?", "tower", 2})
	list := rapid.Custom(func(t *rapid.T) any {
		from := rapid.SampledFrom([]*rapid.Generator[any]{good, good, scalar}).Draw(t, "from")
		return rapid.SliceOfN(from, 0, 2).Draw(t, "list")
	})
	item := object1(map[string]*rapid.Generator[any]{"id": scalar, "gold": good, "response": good, "other": scalar})
	items := rapid.Map(rapid.SliceOfN(item, 0, 3), func(v []any) any { return v })
	return rapid.OneOf(
		item, scalar, list,
		object1(map[string]*rapid.Generator[any]{"items": rapid.OneOf(items, items, scalar), "gold": rapid.Just[any]("2")}),
		object1(map[string]*rapid.Generator[any]{"query": list, "prompts": rapid.OneOf(list, rapid.Just[any](nil)), "labels": list, "other": scalar}),
		object1(map[string]*rapid.Generator[any]{"solution_str": scalar, "ground_truth": good, "data_source": scalar, "extra_info": item}),
		object1(map[string]*rapid.Generator[any]{"solution_strs": list, "ground_truths": list, "ground_truth": good, "solution_str": good}),
	)
}

// object1 draws objects in which each key is there more often than not.
func object1(values map[string]*rapid.Generator[any]) *rapid.Generator[any] {
	keys := slices.Sorted(func(yield func(string) bool) {
		for key := range values {
			if !yield(key) {
				return
			}
		}
	})
	return rapid.Custom(func(t *rapid.T) any {
		o := map[string]any{}
		for _, key := range keys {
			if rapid.IntRange(0, 3).Draw(t, key+" is there") > 0 {
				o[key] = values[key].Draw(t, key)
			}
		}
		return o
	})
}
