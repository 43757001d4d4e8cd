package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

// The library's tojson(indent=N) sorts keys and escapes <, > and &, which transformers' does
// not. Where it is applied to a plain expression, a function of the same meaning is called
// instead.
var indentedJSON = regexp.MustCompile(`([A-Za-z_][\w.]*(?:\[[^\]\[]*\])*)\s*\|\s*tojson\(\s*indent\s*=\s*(\w+)\s*\)`)

// Jinja reads every end of a line as \n, and leaves out the one that ends the file.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func adapt(source string) string {
	source = strings.TrimSuffix(lineEnds.Replace(source), "\n")
	return indentedJSON.ReplaceAllString(source, "json_indented($1, $2)")
}

func jsonIndented(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) != 2 || !args[1].IsInt() || args[1].AsInt() < 0 || args[1].AsInt() > 100 {
		return jinja.None(), errors.New("tojson: indent must be a number from 0 to 100")
	}
	compact, err := appendJSON(nil, args[0])
	if err != nil {
		return jinja.None(), err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", string(bytes.Repeat([]byte(" "), int(args[1].AsInt())))); err != nil {
		return jinja.None(), err
	}
	return jinja.NewString(out.String()), nil
}

// appendJSON writes a value as Python's json.dumps does without escaping.
func appendJSON(out []byte, v jinja.Value) ([]byte, error) {
	switch {
	case v.IsNone():
		return append(out, "null"...), nil
	case v.IsList():
		out = append(out, '[')
		for i, item := range v.AsList().Items {
			if i > 0 {
				out = append(out, ',')
			}
			var err error
			if out, err = appendJSON(out, item); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case v.IsDict():
		out = append(out, '{')
		for i, key := range v.AsDict().OrderedKeys() {
			if i > 0 {
				out = append(out, ',')
			}
			item, _ := v.AsDict().Get(key)
			var err error
			if out, err = appendJSON(append(append(out, plain(key)...), ':'), item); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case v.IsString():
		return append(out, plain(v.AsString())...), nil
	case v.IsBool(), v.IsInt(), v.IsFloat():
		return append(out, plain(goValue(v))...), nil
	}
	return nil, errors.New("tojson: an undefined value, or a function, is no JSON")
}

func goValue(v jinja.Value) any {
	switch {
	case v.IsBool():
		return v.AsBool()
	case v.IsInt():
		return v.AsInt()
	}
	f := v.AsFloat()
	if f == float64(int64(f)) && f < 1e15 && f > -1e15 {
		return json.RawMessage(strconv.FormatFloat(f, 'f', 1, 64)) // 2.0, as Python has it
	}
	return f
}

// plain is JSON without the escapes of HTML.
func plain(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return []byte("null") // a float that JSON cannot hold
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
