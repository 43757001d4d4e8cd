package grade

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseObject splits a JSON object into its fields, with json.Unmarshal's result (a test
// compares them) in fewer passes: reading rows would else cost more than grading.
func parseObject(line []byte) (map[string]json.RawMessage, error) {
	line = bytes.Trim(line, " \t\n\r")
	if !json.Valid(line) || line[0] != '{' {
		return nil, notAnObject(line)
	}
	object := map[string]json.RawMessage{}
	for rest := afterSpace(line[1:]); rest[0] != '}'; {
		end := stringEnd(rest)
		key := unquote(rest[:end])
		rest = afterSpace(afterSpace(rest[end:])[1:]) // behind the colon
		end = valueEnd(rest)
		object[key] = json.RawMessage(rest[:end:end])
		rest = afterSpace(rest[end:])
		if rest[0] == ',' {
			rest = afterSpace(rest[1:])
		}
	}
	return object, nil
}

// notAnObject says why a line cannot be split.
func notAnObject(line []byte) error {
	var object map[string]json.RawMessage
	err := json.Unmarshal(line, &object)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset >= int64(len(line)) {
		return fmt.Errorf("the line is cut off: remove it, or write the file again: %w", err)
	}
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("it is a JSON %s", mistyped.Value)
	}
	if err == nil {
		err = errors.New("it is null")
	}
	return fmt.Errorf("the line is not a JSON object: write one object a line: %w", err)
}

// The functions below are given valid JSON.

func afterSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// stringEnd is where the string at the beginning ends.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		before := i
		for b[before-1] == '\\' {
			before--
		}
		if (i-before)%2 == 0 {
			return i + 1
		}
	}
}

// valueEnd is where the value at the beginning, which is a field's, ends.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch c := b[i]; {
		case c == '"':
			i += stringEnd(b[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || c == '}' || isSpace(c)):
			return i
		}
	}
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unquote reads a string. A half of a surrogate pair becomes U+FFFD.
func unquote(b []byte) string {
	b = b[1 : len(b)-1]
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b))
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			s.Write(b)
			return s.String()
		}
		s.Write(b[:i])
		if b[i+1] != 'u' {
			s.WriteByte(escapes[b[i+1]])
			b = b[i+2:]
			continue
		}
		r := hexRune(b[i:])
		b = b[i+6:]
		if pair := utf16.DecodeRune(r, hexRune(b)); pair != utf8.RuneError {
			r, b = pair, b[6:]
		}
		s.WriteRune(r) // a half is no rune and is written as U+FFFD
	}
}

// hexRune reads \uXXXX; -1: there is none.
func hexRune(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	r, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(r)
}
