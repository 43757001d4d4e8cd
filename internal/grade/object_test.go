package grade

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sameAsEncodingJSON holds parseObject and unquote to the standard library.
func sameAsEncodingJSON(t tester, line []byte) {
	t.Helper()
	line = valid(line)
	var want map[string]json.RawMessage
	failure := json.Unmarshal(line, &want)
	got, err := parseObject(line)
	if (err == nil) != (failure == nil && want != nil) {
		t.Fatalf("%q: error is %v, encoding/json's %v", line, err, failure)
	}
	if err != nil {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q is split otherwise than by encoding/json:\n%s", line, diff)
	}
	for _, value := range got {
		var text string
		if value[0] != '"' {
			continue
		}
		if err := json.Unmarshal(value, &text); err != nil || unquote(value) != text {
			t.Fatalf("%s is unquoted to %q, want %q (%v)", value, unquote(value), text, err)
		}
	}
}

func TestObjectsAreSplitAsByEncodingJSON(t *testing.T) {
	parts := rapid.SampledFrom([]string{
		"{", "}", "[", "]", ",", ":", `"`, `\`, `\\`, `\"`, `\n`, `\/`, `\b\f\r\t`, `\u00e9`, `\ud83d`, `\ude00`, `\ud83d\ude00`, `\uD83D\u0041`, `\u00`,
		" ", "\t", "\r\n", "\u00a0", "null", "true", "-1.5e+3", "0", "é", "\xff", `"a"`, `"a":1`, `"b":"x"`, `"a":{"b":[1,"]"]}`, `"c" : [ ] , `,
	})
	text := rapid.Map(rapid.SliceOfN(parts, 0, 8), func(p []string) string { return strings.Join(p, "") })
	rapid.Check(t, func(t *rapid.T) {
		line := text.Draw(t, "anything")
		if rapid.Bool().Draw(t, "in an object") {
			line = `{"k":"` + line + `", "a": ` + text.Draw(t, "value") + `}`
		}
		sameAsEncodingJSON(t, []byte(line))
	})
}

func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":"\\\"","b":[{"c":"}"}],"d":-1e5 }`, `{"a":"\ud83d\ude00\ud83d"}`, `{"a":"\\`, ` {"":""} `, `null`, `{"a":1}{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) { sameAsEncodingJSON(t, line) })
}

func BenchmarkReadRow(b *testing.B) {
	line, err := json.Marshal(sample{ID: "a", Gold: "1/2", Response: strings.Repeat(`So we have \frac{1}{2} of it.`+"\n", 50) + `\boxed{\frac12}`})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if _, err := (record{text: line, number: 1}).row(Fields{Gold: "gold", Response: "response"}); err != nil {
			b.Fatal(err)
		}
	}
}
