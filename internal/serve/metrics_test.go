package serve

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/negativa-lab/negativa"
)

func TestMetricsCountWhatWasAsked(t *testing.T) {
	s := server(t, nil)
	ask(s, "POST", "/v1/grade", `{"items":[{"gold":"2","response":"2"},{"gold":"2","response":"3"},{"gold":"2","response":"tower"}]}`)
	ask(s, "POST", "/v1/grade", `{"gold":"2","response":"2"}`)
	ask(s, "POST", "/v1/grade", `{}`)
	ask(s, "GET", "/a", "")
	ask(s, "GET", "/b", "")
	w := ask(s, "GET", "/metrics", "")
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("content type is %q", kind)
	}
	for _, line := range []string{
		`negativa_verdicts_total{verdict="correct"} 2`,
		`negativa_verdicts_total{verdict="wrong"} 1`,
		`negativa_verdicts_total{verdict="unparsed prediction"} 0`,
		`negativa_verdicts_total{verdict="over budget"} 1`,
		`negativa_requests_total{route="/v1/grade",code="200"} 2`,
		`negativa_requests_total{route="/v1/grade",code="400"} 1`,
		`negativa_requests_total{route="other",code="404"} 2`,
		`negativa_requests_in_flight 1`,
		`negativa_request_duration_seconds_count{route="/v1/grade"} 3`,
		`negativa_request_duration_seconds_bucket{route="/v1/grade",le="+Inf"} 3`,
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no line %s in\n%s", line, w.Body)
		}
	}
}

// Every line is a comment or a sample of a family that was introduced, as Prometheus'
// text format has them.
func TestMetricsAreWellFormed(t *testing.T) {
	s := server(t, nil)
	ask(s, "POST", "/get_reward", `{"query":["2"],"labels":["2"]}`)
	sample := regexp.MustCompile(`^([a-z_]+?)(_bucket|_sum|_count)?(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$`)
	typed := map[string]bool{}
	for line := range strings.Lines(ask(s, "GET", "/metrics", "").Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if kind, ok := strings.CutPrefix(line, "# TYPE "); ok {
			typed[strings.Fields(kind)[0]] = true
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		if parts == nil || !typed[parts[1]] && !typed[parts[1]+parts[2]] {
			t.Errorf("line %q is none of Prometheus' format", line)
		}
	}
}

func TestHistogramIsCumulative(t *testing.T) {
	m := newMetrics()
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, 3 * time.Millisecond, time.Hour} {
		m.request("r", 200, d)
	}
	m.verdict(negativa.Correct)
	var b strings.Builder
	m.write(&b)
	for _, line := range []string{`le="0.0005"} 1`, `le="0.001"} 2`, `le="0.0025"} 2`, `le="0.005"} 3`, `le="30"} 3`, `le="+Inf"} 4`, `_count{route="r"} 4`, `_sum{route="r"} 3600.004001`} {
		if !strings.Contains(b.String(), line+"\n") {
			t.Errorf("no %s in\n%s", line, b.String())
		}
	}
}
