package serve

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// buckets are upper bounds of the durations that are told apart, in seconds.
var buckets = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// metrics counts what was asked and answered.
type metrics struct {
	mu        sync.Mutex
	requests  map[series]int
	durations map[string]*histogram // by route
	verdicts  [negativa.OverBudget + 1]int
}

type series struct {
	route string
	code  int
}

type histogram struct {
	counts [len(buckets) + 1]int // the last is of those above every bound
	sum    float64
}

func newMetrics() *metrics {
	return &metrics{requests: map[series]int{}, durations: map[string]*histogram{}}
}

func (m *metrics) request(route string, code int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[series{route, code}]++
	h := m.durations[route]
	if h == nil {
		h = &histogram{}
		m.durations[route] = h
	}
	at, _ := slices.BinarySearch(buckets[:], took.Seconds())
	h.counts[at]++
	h.sum += took.Seconds()
}

func (m *metrics) verdict(o negativa.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verdicts[o]++
}

// showMetrics writes Prometheus' text format, version 0.0.4.
func (s *Server) showMetrics(w http.ResponseWriter) error {
	var b strings.Builder
	family(&b, "negativa_verifier_info", "gauge", "What grades.")
	fmt.Fprintf(&b, "negativa_verifier_info{mode=%q,version=%q} 1\n", s.options.Mode, verify.Version)
	family(&b, "negativa_requests_in_flight", "gauge", "Requests that are being answered.")
	fmt.Fprintf(&b, "negativa_requests_in_flight %d\n", s.inFlight.Load())
	s.metrics.write(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.WriteString(w, b.String()) // a client that has gone is no failure
	return nil
}

func family(b *strings.Builder, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (m *metrics) write(b *strings.Builder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	family(b, "negativa_verdicts_total", "counter", "Answers graded, by verdict.")
	for o := negativa.Correct; o <= negativa.OverBudget; o++ {
		fmt.Fprintf(b, "negativa_verdicts_total{verdict=%q} %d\n", o, m.verdicts[o])
	}
	family(b, "negativa_requests_total", "counter", "Requests answered, by route and HTTP status.")
	keys := slices.SortedFunc(maps.Keys(m.requests), func(x, y series) int {
		return cmp.Or(cmp.Compare(x.route, y.route), cmp.Compare(x.code, y.code))
	})
	for _, k := range keys {
		fmt.Fprintf(b, "negativa_requests_total{route=%q,code=\"%d\"} %d\n", k.route, k.code, m.requests[k])
	}
	family(b, "negativa_request_duration_seconds", "histogram", "Time to answer a request.")
	for _, route := range slices.Sorted(maps.Keys(m.durations)) {
		m.durations[route].write(b, route)
	}
}

func (h *histogram) write(b *strings.Builder, route string) {
	total := 0
	for i, bound := range buckets {
		total += h.counts[i]
		fmt.Fprintf(b, "negativa_request_duration_seconds_bucket{route=%q,le=\"%g\"} %d\n", route, bound, total)
	}
	total += h.counts[len(buckets)]
	fmt.Fprintf(b, "negativa_request_duration_seconds_bucket{route=%q,le=\"+Inf\"} %d\n", route, total)
	fmt.Fprintf(b, "negativa_request_duration_seconds_sum{route=%q} %g\n", route, h.sum)
	fmt.Fprintf(b, "negativa_request_duration_seconds_count{route=%q} %d\n", route, total)
}
