package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

// valueOf reads JSON with the order of keys and the difference of 1 and 1.0.
func valueOf(raw json.RawMessage) (jinja.Value, error) {
	if len(raw) == 0 {
		return jinja.Undefined(), nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return v, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("more than one JSON value")
	}
	return v, nil
}

// deepest bounds nesting.
const deepest = 1000

func decode(d *json.Decoder, depth int) (jinja.Value, error) {
	if depth > deepest {
		return jinja.None(), errors.New("it is nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return jinja.None(), err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			return decodeList(d, depth)
		}
		return decodeDict(d, depth)
	case json.Number:
		return number(token.String())
	case string:
		return jinja.NewString(token), nil
	case bool:
		return jinja.NewBool(token), nil
	}
	return jinja.None(), nil
}

func number(text string) (jinja.Value, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return jinja.NewInt(n), nil
	}
	if !strings.ContainsAny(text, ".eE") {
		return jinja.None(), fmt.Errorf("the integer %s has more than 64 bits", text)
	}
	f, err := strconv.ParseFloat(text, 64)
	return jinja.NewFloat(f), err
}

func decodeList(d *json.Decoder, depth int) (jinja.Value, error) {
	var items []jinja.Value
	for d.More() {
		item, err := decode(d, depth+1)
		if err != nil {
			return jinja.None(), err
		}
		items = append(items, item)
	}
	_, err := d.Token()
	return jinja.NewList(items), err
}

func decodeDict(d *json.Decoder, depth int) (jinja.Value, error) {
	dict := jinja.NewDict()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return dict, err
		}
		value, err := decode(d, depth+1)
		if err != nil {
			return dict, err
		}
		dict.AsDict().Set(key.(string), value)
	}
	_, err := d.Token()
	return dict, err
}

// date is strftime_now. The clock is not asked: a text must not depend on the day it was
// written on. It is date_string, where the conversation gives one, or the date that the
// template of Llama 3.1 has in its place.
func date(given json.RawMessage) func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
	day := "26 Jul 2024"
	var text string
	if json.Unmarshal(given, &text) == nil && text != "" {
		day = text
	}
	return func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) { return jinja.NewString(day), nil }
}
