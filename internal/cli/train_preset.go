package cli

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/negativa-lab/negativa/train"
)

// BeforeResolve lets a preset answer for the flags that were not given. It comes before the
// YAML file does, whose answers win.
func (c *trainCommand) BeforeResolve(ctx *kong.Context) error {
	var name string
	for _, path := range ctx.Path {
		if path.Flag != nil && path.Flag.Name == "preset" {
			name, _ = ctx.Value(path).Interface().(string)
		}
	}
	if name == "" {
		return nil
	}
	raw, err := train.Preset(name)
	if err != nil {
		return badInput(err)
	}
	values, err := parseValues(raw, ctx.Selected().Flags)
	if err != nil {
		return fmt.Errorf("preset %s: %w", name, err)
	}
	answer(ctx, values)
	return nil
}
