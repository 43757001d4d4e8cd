package cli

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestServe runs the command on a free port, asks it, and ends it as a signal does.
func TestServe(t *testing.T) {
	t.Setenv("NEGATIVA_TOKEN", "secret")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	log, logged := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := newApp(ctx, io.Discard, logged).run([]string{"serve", "--listen", "127.0.0.1:0", "--mode", "strict"})
		logged.Close()
		ended <- err
	}()
	first := make([]byte, 1<<10)
	n, err := log.Read(first)
	if err != nil {
		t.Fatalf("no log: %v, %v", err, <-ended)
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(first[:n]))
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(log)
		rest <- string(text)
	}()
	request, err := http.NewRequest(http.MethodPost, strings.Replace(address, "//", "//any:secret@", 1)+"/get_reward",
		strings.NewReader(`{"query":["1+1? \\boxed{2}","1+1? \\boxed{3}"],"prompts":["1+1? ","1+1? "],"labels":["2","2"]}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), `{"rewards":[1.0,0.0],`) {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}
	response.Body.Close()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if text := <-rest; !strings.Contains(text, "every request that was taken is answered") {
		t.Errorf("log ends with %q", text)
	}
}

func TestServeTellsStrangersFromThisMachine(t *testing.T) {
	for address, own := range map[string]bool{
		"127.0.0.1:8000": true, "[::1]:0": true, "localhost:8000": true, "127.9.9.9:1": true,
		":8000": false, "0.0.0.0:8000": false, "[::]:8000": false, "10.0.0.1:8000": false, "example.org:80": false, "8000": false,
	} {
		c := serveCommand{Listen: address}
		if err := c.checkAddress(); (err == nil) != own {
			t.Errorf("%s: %v", address, err)
		}
		if address == "8000" {
			continue
		}
		if err := (&serveCommand{Listen: address, Token: "t"}).checkAddress(); err != nil {
			t.Errorf("%s with a token: %v", address, err)
		}
		if err := (&serveCommand{Listen: address, Insecure: true}).checkAddress(); err != nil {
			t.Errorf("%s, insecure: %v", address, err)
		}
	}
}
