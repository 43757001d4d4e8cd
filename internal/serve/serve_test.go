package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// grader says what the first word of a response tells it to.
func grader(gold, response string) verify.Grade {
	g := verify.Grade{Outcome: negativa.Wrong, Reason: "differs", Extracted: response, GoldNormal: gold, PredictionNormal: response}
	switch {
	case response == gold:
		g.Outcome, g.Reason = negativa.Correct, ""
	case response == "":
		g.Outcome = negativa.UnparsedPrediction
	case gold == "?":
		g.Outcome = negativa.UnparsedGold
	case response == "tower":
		g.Outcome = negativa.OverBudget
	case response == "panic":
		panic("on purpose")
	}
	return g
}

// options are bounds that no test meets by accident.
func options() Options {
	return Options{Grade: grader, Mode: "math", MaxBody: 1 << 20, Timeout: time.Minute, Concurrency: 100, Workers: 4}
}

func server(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	o := options()
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(s http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestShapes holds answers to their bytes: 1.0 and 1 differ to those who make tensors.
func TestShapes(t *testing.T) {
	s := server(t, nil)
	for _, c := range []struct {
		name, path, body string
		code             int
		want             string // the body, or a part of an error
	}{
		{"one", "/v1/grade", `{"id":"x","gold":"2","response":"2"}`, 200, `{"id":"x","verdict":"correct","reason":"","extracted":"2","gold_normal":"2","prediction_normal":"2","score":1.0}`},
		{"no id, numbers", "/v1/grade", `{"gold":2,"response":3}`, 200, `{"id":1,"verdict":"wrong","reason":"differs","extracted":"3","gold_normal":"2","prediction_normal":"3","score":0.0}`},
		{"nothing can be said", "/v1/grade", `{"id":7,"gold":"?","response":"2"}`, 200, `{"id":7,"verdict":"unparsed gold","reason":"differs","extracted":"2","gold_normal":"?","prediction_normal":"2","score":null}`},
		{"many", "/v1/grade", `{"items":[{"id":"b","gold":"2","response":"tower"},{"gold":"2","response":""}]}`, 200, `{"results":[` +
			`{"id":"b","verdict":"over budget","reason":"differs","extracted":"tower","gold_normal":"2","prediction_normal":"tower","score":null},` +
			`{"id":2,"verdict":"unparsed prediction","reason":"differs","extracted":"","gold_normal":"2","prediction_normal":"","score":0.0}]}`},
		{"none", "/v1/grade", `{"items":[]}`, 200, `{"results":[]}`},
		{"misspelt", "/v1/grade", `{"gold":"2","respons":"2"}`, 400, `did you mean \"response\"`},
		{"case", "/v1/grade", `{"Gold":"2","response":"2"}`, 400, `Gold is not a key`},
		{"no gold", "/v1/grade", `{"response":"2"}`, 400, `no field \"gold\"`},
		{"item without gold", "/v1/grade", `{"items":[{"gold":"1","response":"1"},{"response":"2"}]}`, 400, `no field \"items[1].gold\"`},
		{"null item", "/v1/grade", `{"items":[null]}`, 400, `items[0].gold`},
		{"null response", "/v1/grade", `{"gold":"2","response":null}`, 400, `\"response\" is null`},
		{"two shapes", "/v1/grade", `{"items":[],"gold":"2"}`, 400, `gold is not a key`},
		{"id", "/v1/grade", `{"id":[1],"gold":"2","response":"2"}`, 400, `is a list`},
		{"not JSON", "/v1/grade", `{"gold":`, 400, `must be a JSON object`},
		{"not an object", "/v1/grade", `[]`, 400, `there is a JSON array`},
		{"null", "/v1/grade", `null`, 400, `the request is null`},
		{"two values", "/v1/grade", `{"gold":"2","response":"2"}{}`, 400, `must be a JSON object`},
		{"a panic", "/v1/grade", `{"gold":"2","response":"panic"}`, 500, `its log says why`},

		{
			"OpenRLHF", "/get_reward", `{"query":["1+1? 2<|im_end|>\n","1+1? 3","1+1? "],"prompts":["1+1? ","1+1? ","1+1? "],"labels":["2",2,"2"]}`, 200,
			`{"rewards":[1.0,0.0,0.0],"scores":[1.0,0.0,0.0],"extra_logs":{"unparsed_prediction":[0.0,0.0,1.0]}}`,
		},
		{
			"OpenRLHF after a token that the prompt has not", "/get_reward", `{"query":["<s>1+1? 2</s></s>"],"prompts":["1+1? "],"labels":["2"]}`, 200,
			`{"rewards":[1.0],"scores":[1.0],"extra_logs":{"unparsed_prediction":[0.0]}}`,
		},
		{"OpenRLHF without prompts", "/get_reward", `{"query":["2"],"prompts":null,"labels":["2"],"more":1}`, 200, `{"rewards":[1.0],"scores":[1.0],"extra_logs":{"unparsed_prediction":[0.0]}}`},
		{"OpenRLHF, another prompt", "/get_reward", `{"query":["1+1? 2"],"prompts":["1+2?"],"labels":["2"]}`, 400, `prompts[0] is not in query[0]`},
		{"OpenRLHF, no label", "/get_reward", `{"query":["2"],"labels":[null]}`, 400, `labels[0]`},
		{"OpenRLHF, fewer labels", "/get_reward", `{"query":["2","2"],"labels":["2"]}`, 400, `query has 2 entries and labels 1`},
		{"OpenRLHF, fewer prompts", "/get_reward", `{"query":["2"],"prompts":[],"labels":["2"]}`, 400, `query has 1 entries and prompts 0`},
		{"OpenRLHF, no list", "/get_reward", `{"query":"2","labels":["2"]}`, 400, `query must be a list: there is a JSON string`},
		{"OpenRLHF, no query", "/get_reward", `{"labels":["2"]}`, 400, `there is no query`},
		{"OpenRLHF, no score", "/get_reward", `{"query":["2","2"],"labels":["2","?"]}`, 422, `item 1 has no score: unparsed gold: differs`},

		{"verl", "/compute_score", `{"data_source":"math","solution_str":"2","ground_truth":"2","extra_info":{"index":3}}`, 200, `{"score":1.0,"acc":true,"pred":"2","verdict":"correct","reason":""}`},
		{
			"verl, many", "/compute_score", `{"data_sources":["a","b"],"solution_strs":["2",""],"ground_truths":["2","2"],"extra_infos":[{},{}]}`, 200,
			`[{"score":1.0,"acc":true,"pred":"2","verdict":"correct","reason":""},{"score":0.0,"acc":false,"pred":"","verdict":"unparsed prediction","reason":"differs"}]`,
		},
		{"verl, none", "/compute_score", `{"solution_strs":[],"ground_truths":[]}`, 200, `[]`},
		{"verl, no score", "/compute_score", `{"solution_str":"tower","ground_truth":"2"}`, 422, `item 0 has no score: over budget`},
		{"verl, no truth", "/compute_score", `{"solution_str":"2"}`, 400, `ground_truth`},
		{"verl, fewer truths", "/compute_score", `{"solution_strs":["2"],"ground_truths":[]}`, 400, `one for one`},
	} {
		w := ask(s, "POST", c.path, c.body)
		got := strings.TrimSpace(w.Body.String())
		if w.Code != c.code || c.code == 200 && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, w.Code, got, c.code, c.want)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s: content type is %q", c.name, kind)
		}
	}
}

func TestOnlyTheTokenOpens(t *testing.T) {
	s := server(t, func(o *Options) { o.Token = "secret" })
	body := `{"gold":"2","response":"2"}`
	for _, c := range []struct {
		authorization string
		code          int
	}{
		{"Bearer secret", 200},
		{"bearer secret", 200},          // the case of a scheme does not matter
		{"Basic YW55OnNlY3JldA==", 200}, // any:secret
		{"", 401},
		{"Bearer ", 401},
		{"Bearer secret2", 401},
		{"bearer", 401},
		{"secret", 401},
		{"Basic c2VjcmV0OmFueQ==", 401}, // secret:any
	} {
		w := ask(s, "POST", "/v1/grade", body, "Authorization", c.authorization)
		if w.Code != c.code {
			t.Errorf("authorization %q: %d, want %d", c.authorization, w.Code, c.code)
		}
		if c.code == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("authorization %q: WWW-Authenticate is %q", c.authorization, w.Header().Get("WWW-Authenticate"))
		}
	}
	for path, code := range map[string]int{"/healthz": 200, "/openapi.json": 200, "/metrics": 401} {
		if w := ask(s, "GET", path, ""); w.Code != code {
			t.Errorf("%s without a token: %d, want %d", path, w.Code, code)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := server(t, nil)
	if w := ask(s, "GET", "/v1/grad", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "/openapi.json") {
		t.Errorf("unknown path: %d %s", w.Code, w.Body)
	}
	for path, method := range map[string]string{"/v1/grade": "GET", "/get_reward": "PUT", "/metrics": "POST"} {
		w := ask(s, method, path, "")
		if allowed := w.Header().Get("Allow"); w.Code != 405 || allowed == "" || allowed == method {
			t.Errorf("%s %s: %d, allow %q", method, path, w.Code, allowed)
		}
	}
}

// TestHead: those who watch over servers often ask for no body.
func TestHead(t *testing.T) {
	s := server(t, nil)
	for path, code := range map[string]int{"/healthz": 200, "/metrics": 200, "/openapi.json": 200, "/v1/grade": 405} {
		if w := ask(s, "HEAD", path, ""); w.Code != code {
			t.Errorf("HEAD %s: %d, want %d", path, w.Code, code)
		}
	}
}

// listen serves on a free port until the test ends, and returns the address.
func listen(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// post sends a head that announces length bytes, and then a body as it stands. It fails if
// the server does not take all of it, or is silent for longer than a request may take.
func post(t *testing.T, address string, length int, body string) (*http.Response, string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(headerTimeout / 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(connection, "POST /v1/grade HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(said)
}

func TestSlowBody(t *testing.T) {
	address := listen(t, server(t, func(o *Options) { o.Timeout = 50 * time.Millisecond }))
	if response, said := post(t, address, 100, `{"gold":`); response.StatusCode != 408 || !strings.Contains(said, "within 50ms") {
		t.Errorf("half a body: %d %s", response.StatusCode, said)
	}
}

// TestLargeBodyIsTurnedAwayInWords: a client that is still sending when the connection is
// closed sees a broken pipe, and never what it was told.
func TestLargeBodyIsTurnedAwayInWords(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	s := server(t, func(o *Options) {
		o.Concurrency, o.MaxBody = 1, 1<<25
		o.Grade = func(gold, response string) verify.Grade {
			close(begun)
			<-release
			return grader(gold, response)
		}
	})
	address := listen(t, s)
	var running sync.WaitGroup
	running.Go(func() { ask(s, "POST", "/v1/grade", `{"gold":"2","response":"2"}`) })
	<-begun
	const length = 1 << 24
	if response, said := post(t, address, length, strings.Repeat(" ", length)); response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" {
		t.Errorf("one request too many: %d %s", response.StatusCode, said)
	}
	close(release)
	running.Wait()
}

func TestLimits(t *testing.T) {
	s := server(t, func(o *Options) { o.MaxBody = 40 })
	if w := ask(s, "POST", "/v1/grade", `{"gold":"2","response":"`+strings.Repeat("x", 40)+`"}`); w.Code != 413 {
		t.Errorf("body above the limit: %d %s", w.Code, w.Body)
	}

	release, begun := make(chan struct{}), make(chan struct{}, 2)
	s = server(t, func(o *Options) {
		o.Concurrency = 2
		o.Grade = func(gold, response string) verify.Grade {
			begun <- struct{}{}
			<-release
			return grader(gold, response)
		}
	})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			if w := ask(s, "POST", "/v1/grade", `{"gold":"2","response":"2"}`); w.Code != 200 {
				t.Errorf("an admitted request: %d %s", w.Code, w.Body)
			}
		})
	}
	<-begun
	<-begun
	w := ask(s, "POST", "/v1/grade", `{"gold":"2","response":"2"}`)
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("one request too many: %d %s, retry after %q", w.Code, w.Body, w.Header().Get("Retry-After"))
	}
	if w := ask(s, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("health of a full server: %d", w.Code)
	}
	close(release)
	running.Wait()
	if w := ask(s, "POST", "/v1/grade", `{"gold":"2","response":"2"}`); w.Code != 200 {
		t.Errorf("after the rush: %d", w.Code)
	}
}

// A request that takes too long ends between two answers, and none of it is returned.
func TestTimeout(t *testing.T) {
	s := server(t, func(o *Options) {
		o.Timeout, o.Workers = 20*time.Millisecond, 1
		o.Grade = func(gold, response string) verify.Grade {
			time.Sleep(time.Millisecond)
			return grader(gold, response)
		}
	})
	items := strings.Repeat(`{"gold":"2","response":"2"},`, 5000)
	w := ask(s, "POST", "/v1/grade", `{"items":[`+strings.TrimSuffix(items, ",")+`]}`)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "not done within 20ms") {
		t.Errorf("too long: %d %.200s", w.Code, w.Body)
	}
}

func TestBatchKeepsItsOrder(t *testing.T) {
	s := server(t, nil)
	var items []string
	for i := range 1000 {
		items = append(items, fmt.Sprintf(`{"id":%d,"gold":"%d","response":"%d"}`, 5000-i, i, i-i%2))
	}
	w := ask(s, "POST", "/v1/grade", `{"items":[`+strings.Join(items, ",")+`]}`)
	var found struct {
		Results []struct {
			ID    int
			Score float64
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil || len(found.Results) != 1000 {
		t.Fatalf("%v, %d results", err, len(found.Results))
	}
	for i, r := range found.Results {
		if r.ID != 5000-i || r.Score != float64(1-i%2) {
			t.Fatalf("result %d is %+v", i, r)
		}
	}
}

func TestMissingBoundsAreRefused(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.MaxBody = 0 }, func(o *Options) { o.Timeout = 0 }, func(o *Options) { o.Concurrency = -1 },
		func(o *Options) { o.Workers = 0 }, func(o *Options) { o.Grade = nil },
	} {
		o := options()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// TestStopping ends a server while a request runs: it is answered, and later ones find
// nobody.
func TestStopping(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	var log bytes.Buffer
	s := server(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Grade = func(gold, response string) verify.Grade {
			close(begun)
			<-release
			return grader(gold, response)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	post := func() (int, string, error) {
		response, err := http.Post("http://"+l.Addr().String()+"/v1/grade", "application/json", strings.NewReader(`{"gold":"2","response":"2"}`))
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response.StatusCode, string(body), err
	}
	answered := make(chan error, 1)
	go func() {
		code, body, err := post()
		if err == nil && (code != 200 || !strings.Contains(body, `"score":1.0`)) {
			err = fmt.Errorf("%d %s", code, body)
		}
		answered <- err
	}()
	<-begun
	stop()
	for {
		connection, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break // it no longer listens
		}
		connection.Close()
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended with a request running: %v", err)
	default:
	}
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("the running request: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestTrimSpecial(t *testing.T) {
	for text, want := range map[string]string{
		"7":                                    "7",
		"7<|im_end|>":                          "7",
		"7<|im_end|>\n<|endoftext|>":           "7",
		"7<｜end▁of▁sentence｜>":                 "7",
		"7 </s></s><pad><pad>":                 "7",
		"<|im_end|>":                           "",
		"x < 7 | y > 8":                        "x < 7 | y > 8",
		"<|im_end|> 7":                         "<|im_end|> 7",
		"<answer>7</answer>":                   "<answer>7</answer>",
		"7" + strings.Repeat("<eos>", 1000):    "7",
		"7<|" + strings.Repeat("a", 50) + "|>": "7<|" + strings.Repeat("a", 50) + "|>",
	} {
		if got := trimSpecial(text); got != want {
			t.Errorf("%q is trimmed to %q, want %q", text, got, want)
		}
	}
}
