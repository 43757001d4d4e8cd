package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// configFile is the path of a YAML file whose keys are the command's flags. A flag on
// the command line wins over the file.
type configFile string

// BeforeResolve lets the file answer for the flags that were not given.
func (configFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path, ok := ctx.Value(trace).Interface().(configFile)
	if !ok || path == "" {
		return nil
	}
	values, err := readValues(string(path), flagNames(ctx))
	if err != nil {
		return err
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value, ok := values[flag.Name]; ok {
			return value, nil
		}
		return nil, nil
	}))
	return nil
}

func flagNames(ctx *kong.Context) (names []string) {
	for _, flag := range ctx.Selected().Flags {
		names = append(names, flag.Name)
	}
	return names
}

// readValues reads a YAML mapping of keys that are known. Values stay text: the flags
// parse them as they parse the command line.
func readValues(path string, known []string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	var entries yaml.MapSlice
	if err := yaml.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("read config %s: %s", path, yaml.FormatError(err, false, true))
	}
	values := map[string]string{}
	for _, entry := range entries {
		key := fmt.Sprint(entry.Key)
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("read config %s: key %q is not known: did you mean %q?", path, key, nearest.To(key, known))
		}
		text, err := scalar(entry.Value)
		if err != nil {
			return nil, fmt.Errorf("read config %s: %s %w", path, key, err)
		}
		if entry.Value != nil {
			values[key] = text
		}
	}
	return values, nil
}

func scalar(value any) (string, error) {
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			part, err := scalar(v[i])
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return strings.Join(parts, ","), nil
	case map[string]any, yaml.MapSlice:
		return "", errors.New("is a mapping: a key has one value, or a list")
	default:
		return fmt.Sprint(v), nil
	}
}
