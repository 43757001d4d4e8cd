package task

import (
	"fmt"
	"strings"
)

// Ladder makes a family at each of its levels, from easy to hard. What spec says beside the
// name holds at all of them. A mixture has no levels.
func Ladder(spec string) ([]Family, error) {
	name, set, found := strings.Cut(spec, ":")
	switch {
	case strings.ContainsAny(spec, "+@"):
		return nil, fmt.Errorf("task %q: a mixture has no levels to climb: name one task", spec)
	case strings.HasPrefix(set, "level=") || strings.Contains(set, ",level="):
		return nil, fmt.Errorf("task %q: a curriculum sets the level itself: leave it out", spec)
	case found:
		set += ","
	}
	if _, err := New(spec); err != nil {
		return nil, err
	}
	ladder := make([]Family, Levels(name))
	for i := range ladder {
		var err error
		if ladder[i], err = New(fmt.Sprintf("%s:%slevel=%d", name, set, i+1)); err != nil {
			return nil, err
		}
	}
	return ladder, nil
}

// Gate moves a level of difficulty by the pass rate that was measured at it: up where
// problems have become easy, down where they are too hard. Between its two bounds the
// level stays; their distance is the hysteresis that keeps a policy at the edge between
// two levels from swinging. It is pure: the level after any history is a function of the
// measured rates.
type Gate struct {
	Raise float64 // the level rises at this pass rate or above
	Lower float64 // it falls below this one; 0: never
	Top   int     // levels are 1 … Top: Levels(name) of a family
}

// Validate refuses bounds that give no hysteresis.
func (g Gate) Validate() error {
	switch {
	case !(g.Raise > 0 && g.Raise <= 1):
		return fmt.Errorf("the curriculum rises at a pass rate of %v; it must be above 0 and at most 1", g.Raise)
	case !(g.Lower >= 0 && g.Lower < g.Raise):
		return fmt.Errorf("the curriculum falls below a pass rate of %v; it must be at least 0 and below %v, where it rises", g.Lower, g.Raise)
	case g.Top < 1:
		return fmt.Errorf("the curriculum has %d levels; it needs at least 1", g.Top)
	}
	return nil
}

// Next is the level after one at which a share of samples, in [0, 1], was right. A rate
// that is not a number, where nothing was measured, changes nothing.
func (g Gate) Next(level int, rate float64) int {
	switch {
	case rate >= g.Raise:
		level++
	case rate < g.Lower:
		level--
	}
	return min(max(level, 1), g.Top)
}

// Level starts at 1 and follows a history of rates, each measured at the level that those
// before it lead to.
func (g Gate) Level(rates []float64) int {
	level := 1
	for _, rate := range rates {
		level = g.Next(level, rate)
	}
	return level
}
