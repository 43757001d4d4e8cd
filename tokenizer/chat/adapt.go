package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

// Jinja reads every end of a line as \n, and leaves out the one that ends the file.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func adapt(source string) string {
	return bounded(strings.TrimSuffix(lineEnds.Replace(source), "\n"))
}

// The library's tojson writes 1.0 as 1, and with an indent sorts keys and escapes <, > and &,
// which transformers' does not. Where it is applied to a plain expression, a function is called
// instead that writes what Python's json.dumps does.
var plainJSON = regexp.MustCompile(`([A-Za-z_]\w*(?:\.\w+|\[[^\]\[]*\])*)\s*\|\s*tojson\b(?:\(\s*(?:indent\s*=\s*(\w+))?\s*\))?`)

// pythonJSON puts json_text into a tag.
func pythonJSON(tag string) string {
	var out strings.Builder
	at := 0
	for _, m := range plainJSON.FindAllStringSubmatchIndex(tag, -1) {
		before := strings.TrimRight(tag[:m[0]], " \t\n")
		// The end of a longer expression, a filter, or other arguments: the library's.
		if strings.HasSuffix(before, "|") || strings.HasSuffix(tag[:m[0]], ".") || strings.HasPrefix(tag[m[1]:], "(") {
			continue
		}
		indent := "none"
		if m[4] >= 0 {
			indent = tag[m[4]:m[5]]
		}
		fmt.Fprintf(&out, "%sjson_text(%s, %s)", tag[at:m[0]], tag[m[2]:m[3]], indent)
		at = m[1]
	}
	return out.String() + tag[at:]
}

// jsonText is json_text(value, indent).
func jsonText(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	compact, err := appendJSON(nil, args[0])
	if err != nil || args[1].IsNone() {
		return jinja.NewString(string(compact)), err
	}
	if !args[1].IsInt() || args[1].AsInt() < 0 || args[1].AsInt() > 100 {
		return jinja.None(), errors.New("tojson: indent must be a number from 0 to 100")
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", strings.Repeat(" ", int(args[1].AsInt()))); err != nil {
		return jinja.None(), err
	}
	return jinja.NewString(out.String()), nil
}

// appendJSON writes a value as Python's json.dumps does with ensure_ascii=False.
func appendJSON(out []byte, v jinja.Value) (_ []byte, err error) {
	switch {
	case v.IsNone():
		return append(out, "null"...), nil
	case v.IsList():
		out = append(out, '[')
		for i, item := range v.AsList().Items {
			if i > 0 {
				out = append(out, ", "...)
			}
			if out, err = appendJSON(out, item); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case v.IsDict():
		out = append(out, '{')
		for i, key := range v.AsDict().OrderedKeys() {
			if i > 0 {
				out = append(out, ", "...)
			}
			item, _ := v.AsDict().Get(key)
			if out, err = appendJSON(append(appendQuoted(out, key), ": "...), item); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case v.IsString():
		return appendQuoted(out, v.AsString()), nil
	case v.IsBool():
		return strconv.AppendBool(out, v.AsBool()), nil
	case v.IsInt():
		return strconv.AppendInt(out, v.AsInt(), 10), nil
	case v.IsFloat():
		return append(out, pythonFloat(v.AsFloat())...), nil
	}
	return nil, errors.New("tojson: an undefined value, or a function, is no JSON")
}

// appendQuoted escapes quotes, backslashes and control characters alone.
func appendQuoted(out []byte, text string) []byte {
	out = append(out, '"')
	for _, c := range []byte(text) {
		if escape := strings.IndexByte("\"\\\b\f\n\r\t", c); escape >= 0 {
			out = append(out, '\\', `"\bfnrt`[escape])
		} else if c < ' ' {
			out = fmt.Appendf(out, `\u%04x`, c)
		} else {
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// pythonFloat is Python's repr: the shortest digits, with an exponent below 1e-4 and from 1e16.
func pythonFloat(f float64) string {
	scientific := strconv.FormatFloat(f, 'e', -1, 64)
	_, power, _ := strings.Cut(scientific, "e")
	if e, err := strconv.Atoi(power); err != nil || e < -4 || e >= 16 {
		return scientific
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
