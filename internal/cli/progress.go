package cli

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows how far a long work is and when it ends: a bar on a terminal, else a
// line of log now and then.
type progress struct {
	app   *app
	name  string
	total int
	done  int
	note  atomic.Value // what the work says of itself, a string
	said  atomic.Int64 // when say last logged, in Unix nanoseconds

	bars   *mpb.Progress
	bar    *mpb.Bar
	begin  time.Time
	logged time.Time
}

// quiet is how long a log without a terminal goes without a line.
const quiet = 10 * time.Second

// start begins a work of total units. stop must be called at its end.
func (a *app) start(name string, total int) *progress {
	p := &progress{app: a, name: name, total: total, begin: time.Now(), logged: time.Now()}
	p.note.Store("")
	if !a.live {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(32))
	p.bar = p.bars.New(int64(total), mpb.BarStyle().Lbound("").Filler("━").Tip("").Padding("─").Rbound(""),
		mpb.PrependDecorators(decor.Name(name+" ", decor.WCSyncSpaceR), decor.Percentage(decor.WCSyncSpace)),
		mpb.AppendDecorators(
			decor.Elapsed(decor.ET_STYLE_MMSS, decor.WC{W: 6}),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS, decor.WC{W: 6}), ""), decor.OnComplete(decor.Name(" left"), ""),
			decor.Any(func(decor.Statistics) string { return "  " + p.note.Load().(string) }),
		))
	return p
}

// add counts units that are done; note says what was seen.
func (p *progress) add(units int, note string) {
	p.done += units
	p.note.Store(note)
	if p.bar != nil {
		p.bar.SetCurrent(int64(p.done))
		return
	}
	if now := time.Now(); now.Sub(p.logged) >= quiet && p.done < p.total {
		p.logged = now
		p.app.log.Info(p.name, append(p.soFar(now), "note", note)...)
	}
}

// soFar is what is done, and how long the rest takes at the same speed.
func (p *progress) soFar(now time.Time) []any {
	soFar := []any{"done", fmt.Sprintf("%d%%", 100*p.done/p.total)}
	if p.done == 0 {
		return soFar
	}
	left := time.Duration(float64(now.Sub(p.begin)) / float64(p.done) * float64(p.total-p.done))
	return append(soFar, "left", left.Round(time.Second))
}

// say shows a note at once, whatever is done meanwhile; without a terminal, some of many
// notes. Others may call it beside add.
func (p *progress) say(note string) {
	p.note.Store(note)
	now, last := time.Now().UnixNano(), p.said.Load()
	if p.bar == nil && now-last >= int64(quiet) && p.said.CompareAndSwap(last, now) {
		p.app.log.Warn(p.name, "note", note)
	}
}

// stop ends the bar, finished or not.
func (p *progress) stop() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(false)
	p.bars.Wait()
}
