package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressBeforeAnythingIsDone: nobody knows what is left then.
func TestProgressBeforeAnythingIsDone(t *testing.T) {
	var log bytes.Buffer
	p := newApp(t.Context(), nil, &log).start("work", 10)
	for _, c := range []struct {
		units int
		want  string
	}{
		{0, "done=0% note=waits"},
		{5, "done=50% left=1m0s note=waits"},
	} {
		p.begin, p.logged = time.Now().Add(-time.Minute), time.Time{}
		log.Reset()
		if p.add(c.units, "waits"); !strings.Contains(log.String(), c.want) {
			t.Errorf("%d of 10 done: %q, want %q in it", c.units, log.String(), c.want)
		}
	}
}
