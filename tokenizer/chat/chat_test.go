package chat

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ardanlabs/jinja"
)

func TestConversationsAgreeWithTransformers(t *testing.T) {
	for _, name := range []string{"qwen2.5", "qwen3", "llama3", "llama3.1"} {
		source, err := os.ReadFile(filepath.Join("testdata", name+".jinja"))
		if err != nil {
			t.Fatal(err)
		}
		template, err := New(string(source), map[string]string{"bos_token": "<|begin_of_text|>"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := 0
		eachLine(t, name, func(line []byte) {
			n++
			var c struct {
				Conversation
				Rendered string
				Error    *string
			}
			if err := json.Unmarshal(line, &c); err != nil {
				t.Fatal(err)
			}
			got, err := template.Render(c.Conversation)
			switch {
			case c.Error != nil && err == nil:
				t.Errorf("%s: line %d was rendered, want the error %s", name, n, *c.Error)
			case c.Error == nil && err != nil:
				t.Errorf("%s: line %d: %v", name, n, err)
			case c.Error == nil && got != c.Rendered:
				t.Errorf("%s: line %d is %q, want %q", name, n, got, c.Rendered)
			}
		})
		if n < 50 {
			t.Errorf("%s: only %d conversations", name, n)
		}
	}
}

func eachLine(t *testing.T, name string, use func(line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		use(lines.Bytes())
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// Snippets that the library reads otherwise than Jinja, and what it makes of them. None is
// in a template of Qwen2.5, Qwen3 or Llama 3.
var otherwise = map[string]string{
	"{{ d.items()|list }}":                  "[['b', 1], ['a', [1, 'é<&', None, True, 2.5]]]", // Jinja shows tuples
	"{{ 'a' ~ 1 ~ none }}":                  "a1",                                             // a1None
	"{{ true }} {{ false }} {{ none }}":     "True False ",                                    // … None
	"{{ f }} {{ 1.0 }} {{ 1e3 }} {{ 0.1 }}": "error: unexpected token \"e3\"",
	"{{ '%s-%d'|format('a', 3) }}":          "error: unknown filter \"format\"",
	"{{ ['it\\'s'] }}":                      "['it's']", // ["it's"]
	"{{ messages.append(1) }}":              "",         // a SecurityError; nothing is changed
	"{{ s.__class__.__mro__ }}":             "",         // a SecurityError; there is no Python behind it
}

func TestSnippets(t *testing.T) {
	raw, err := os.ReadFile("testdata/snippets.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Context  map[string]json.RawMessage
		Snippets []struct {
			Template string
			Rendered *string
			Error    *string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, s := range file.Snippets {
		template, err := New(s.Template, nil)
		got := ""
		if err == nil {
			extra := map[string]json.RawMessage{}
			for key, value := range file.Context {
				if key != "messages" {
					extra[key] = value
				}
			}
			got, err = template.Render(Conversation{Messages: file.Context["messages"], Extra: extra})
		}
		known, ok := otherwise[s.Template]
		message, isError := strings.CutPrefix(known, "error: ")
		switch {
		case ok && isError && (err == nil || !strings.Contains(err.Error(), message)), ok && !isError && (err != nil || got != known):
			t.Errorf("%q is %q (%v) by now: it was known as %q", s.Template, got, err, known)
		case ok:
		case s.Rendered == nil && err == nil:
			t.Errorf("%q was rendered as %q, want the error %s", s.Template, got, *s.Error)
		case s.Rendered != nil && err != nil:
			t.Errorf("%q: %v, want %q", s.Template, err, *s.Rendered)
		case s.Rendered != nil && got != *s.Rendered:
			t.Errorf("%q is %q, want %q", s.Template, got, *s.Rendered)
		}
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhereTemplatesLie(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
		err   string
	}{
		"a file of its own": {files: map[string]string{templateFile: "file {{ eos_token }}", configFile: `{"chat_template": "config", "eos_token": "</s>"}`}, want: "file </s>"},
		"the configuration": {files: map[string]string{configFile: `{"chat_template": "config {{ bos_token }}", "bos_token": {"content": "<s>"}}`}, want: "config <s>"},
		"a list":            {files: map[string]string{configFile: `{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}`}, want: "d"},
		"no default":        {files: map[string]string{configFile: `{"chat_template": [{"name": "tool_use", "template": "t"}]}`}, err: "tool_use"},
		"none":              {files: map[string]string{configFile: `{}`}, err: templateFile},
		"an empty folder":   {err: configFile},
		"no JSON":           {files: map[string]string{configFile: `{`}, err: configFile},
		"no Jinja":          {files: map[string]string{templateFile: `{% if %}`}, err: templateFile},
	} {
		t.Run(name, func(t *testing.T) {
			template, err := Open(write(t, c.files))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want one that names %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := template.Messages(Message{"user", "hi"}); err != nil || got != c.want {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
		})
	}
}

func TestRefusalsAreTheTemplatesOwn(t *testing.T) {
	template, err := New(`{% if messages[0].role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Messages(Message{"system", "x"}); err == nil || !strings.Contains(err.Error(), "no system turns") {
		t.Errorf("error %v", err)
	}
	if _, err := template.Render(Conversation{Messages: json.RawMessage(`{"role": "user"}`)}); err == nil || !strings.Contains(err.Error(), "list") {
		t.Errorf("messages that are no list: error %v", err)
	}
}

// A template that never ends is an error that says so, not a process that hangs or dies.
func TestTemplatesEnd(t *testing.T) {
	loop := "{% for a in range(100000) -%} "
	for name, c := range map[string]struct{ source, want string }{
		"loops in loops":      {strings.Repeat(loop, 3) + "x" + strings.Repeat("{% endfor %}", 3), "loops"},
		"through quotes":      {"{% for a in ['%}', \"{%\"] %}" + loop + loop + "{% endfor %}{% endfor %}{% endfor %}", "loops"},
		"a macro of itself":   {"{%- macro f(n) -%} {{ f(n + 1) }} {%- endmacro -%} {{ f(0) }}", "macro"},
		"macros in a circle":  {"{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}", "macro"},
		"macros that fan out": {"{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(100) }}", "loops"},
		"a long range":        {"{% for a in range(1000000000) %}{% endfor %}", "range"},
		"a range past 2^63":   {"{% for a in range(0, 9223372036854775807, 4611686018427387904) %}{% endfor %}", "range"},
	} {
		template, err := New(c.source, nil)
		if err == nil {
			_, err = template.Messages(Message{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that names %q", name, err, c.want)
		}
	}
}

// As Jinja reads a file: one end of a line less, whatever ends its lines.
func TestEndsOfLines(t *testing.T) {
	for source, want := range map[string]string{
		"{{ 'a' }}\n": "a", "{{ 'a' }}\n\n": "a\n", "a\r\nb\r\n": "a\nb", "a\rb\r": "a\nb", "{% if true %}\r\na{% endif %}\r\n": "a", "\n": "", "": "",
	} {
		template, err := New(source, nil)
		got := ""
		if err == nil {
			got, err = template.Messages(Message{})
		}
		if err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", source, got, err, want)
		}
	}
}

// tojson writes what Python's json.dumps(x, ensure_ascii=False) does: the expected texts are its.
func TestJSONIsPythons(t *testing.T) {
	values := map[string]json.RawMessage{"v": json.RawMessage(`{"b": 1.0, "a": [1, 1e-7, 0.0001, 123456789012345680.0, 1e15, 2.5, -0.0, true, null],
		"s": "\u2028<&>\u0001\u007f\b\f\n\\\"é😀", "e": {}, "l": []}`), "w": json.RawMessage(`{"x": [{"y": 3.0}]}`)}
	compact := `{"b": 1.0, "a": [1, 1e-07, 0.0001, 1.2345678901234568e+17, 1000000000000000.0, 2.5, -0.0, true, null], ` +
		`"s": "` + "\u2028" + `<&>\u0001` + "\x7f" + `\b\f\n\\\"é😀", "e": {}, "l": []}`
	for source, want := range map[string]string{
		"{{ v | tojson }}":                        compact,
		"{{ v|tojson() }}":                        compact,
		"{% set x = v | tojson %}{{ x }}":         compact,
		"{{ w.x[0]['y']|tojson }}":                "3.0",
		"{{ w['x'][0].y|tojson }}":                "3.0",
		"{{ 'a' + w.x[0].y | tojson + 'b' }}":     "a3.0b",
		"{{ w | tojson(indent=2) }}":              "{\n  \"x\": [\n    {\n      \"y\": 3.0\n    }\n  ]\n}",
		"{{ v.a[:1] | list | tojson }}":           "[1]",
		"{{ v.e | tojson(separators=[',','']) }}": "{}",
		"w | tojson{# {{ w | tojson }} #}{% raw %}{{ w | tojson }}{% endraw %}": "w | tojson{{ w | tojson }}",
	} {
		template, err := New(source, nil)
		got := ""
		if err == nil {
			got, err = template.Render(Conversation{Messages: json.RawMessage("[]"), Extra: values})
		}
		if err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", source, got, err, want)
		}
	}
}

// Counting changes no text: not the white space around tags, not what is raw or a comment.
func TestCountingIsInvisible(t *testing.T) {
	for _, source := range []string{
		"a\n  {% for x in [1, 2] %}\n  b{{ x }}\n  {% endfor %}\nc",
		"a\n  {%- for x in [1, 2] -%}\n  b{{ x }}\n  {%- endfor -%}\nc",
		"{% for x in [] %}a{% else %}none{% endfor %}",
		"{% for x in range(3) %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
		"a\n {% macro f(n) %}\n  <{{ n }}>\n  {% endmacro %}\n{{ f(1) }}{{ f(2) }}",
		"a\n {%- macro f(n) -%}\n  <{{ n }}>\n  {%- endmacro -%}\n{{ f(1) }}",
		"{% raw %}{% for x in y %}{% endmacro %}{% endraw %}{# {% for #}{{ '{% macro f() %}' }}",
		"{{ range(2) }}{{ range(5, 0, -2) }}{{ range(3, 5) }}",
	} {
		plain, err := jinja.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		want, err := plain.RenderValues(nil)
		if err != nil {
			t.Fatal(err)
		}
		template, err := New(source, nil)
		got := ""
		if err == nil {
			got, err = template.Messages(Message{})
		}
		if err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", source, got, err, want)
		}
	}
	// What is left is not counted on.
	template, err := New("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{% for i in range(50) %}{{ f(190) }}{% endfor %}", nil)
	if err == nil {
		_, err = template.Messages(Message{})
	}
	if err != nil {
		t.Errorf("190 calls deep: %v", err)
	}
}
