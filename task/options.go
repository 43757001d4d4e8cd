package task

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// options are a family's settings as they were written.
type options map[string]int

func parseOptions(text string) (options, error) {
	set := options{}
	if text == "" {
		return set, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(pair, "=")
		n, err := strconv.Atoi(value)
		if !found || err != nil {
			return nil, fmt.Errorf("option %q is not of the form key=number", pair)
		}
		set[key] = n
	}
	return set, nil
}

// level replaces the option level by what it stands for, where nothing else is said.
func (o options) level(levels []string) error {
	level, given := o["level"]
	if !given {
		return nil
	}
	delete(o, "level")
	if level < 1 || level > len(levels) {
		return fmt.Errorf("option level is %d; it must be between 1 and %d", level, len(levels))
	}
	implied, err := parseOptions(levels[level-1])
	for key, n := range implied {
		if _, given := o[key]; !given {
			o[key] = n
		}
	}
	return err
}

// option is one setting: where it goes and what it may be.
type option struct {
	key      string
	into     *int
	low, top int
}

// apply stores what was set and refuses the rest.
func (o options) apply(known ...option) error {
	keys := make([]string, len(known))
	for i, k := range known {
		keys[i] = k.key
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		i := slices.Index(keys, key)
		if i < 0 {
			return fmt.Errorf("option %q is not known: did you mean %q? (options: %s)", key, nearest.To(key, keys), strings.Join(keys, ", "))
		}
		if v := o[key]; v < known[i].low || v > known[i].top {
			return fmt.Errorf("option %s is %d; it must be between %d and %d", key, v, known[i].low, known[i].top)
		}
		*known[i].into = o[key]
	}
	return nil
}

// set is apply; it returns all settings as New reads them.
func (o options) set(known ...option) (string, error) {
	if err := o.apply(known...); err != nil {
		return "", err
	}
	written := make([]string, len(known))
	for i, k := range known {
		written[i] = fmt.Sprintf("%s=%d", k.key, *k.into)
	}
	return strings.Join(written, ","), nil
}
