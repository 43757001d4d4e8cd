package cli

import (
	"errors"
	"fmt"
	"os"
	"reflect"
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
	values, err := readValues(string(path), ctx.Selected().Flags)
	if err != nil {
		return badInput(fmt.Errorf("read config %s: %w", path, err))
	}
	answer(ctx, values)
	return nil
}

// answer lets values answer for flags that were not given, before those that come later.
func answer(ctx *kong.Context, values map[string]string) {
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value, ok := values[flag.Name]; ok {
			return value, nil
		}
		return nil, nil
	}))
}

// readValues reads a YAML mapping whose keys are flags. Values stay text, which the flags
// parse as they parse the command line: here once, so that an error names the file.
func readValues(path string, flags []*kong.Flag) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseValues(raw, flags)
}

func parseValues(raw []byte, flags []*kong.Flag) (map[string]string, error) {
	var entries yaml.MapSlice
	if err := yaml.Unmarshal(raw, &entries); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	values := map[string]string{}
	for _, entry := range entries {
		if entry.Value == nil {
			continue
		}
		flag, err := find(fmt.Sprint(entry.Key), flags)
		if err != nil {
			return nil, err
		}
		text, err := scalar(entry.Value)
		if err == nil {
			err = try(flag, text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag.Name, err)
		}
		values[flag.Name] = text
	}
	return values, nil
}

func find(key string, flags []*kong.Flag) (*kong.Flag, error) {
	var names []string
	for _, flag := range flags {
		if flag.Name == key {
			return flag, nil
		}
		names = append(names, flag.Name)
	}
	return nil, fmt.Errorf("key %q is not known: did you mean %q?", key, nearest.To(key, names))
}

// try parses a value as a flag would, and forgets it.
func try(flag *kong.Flag, text string) error {
	token := kong.Token{Type: kong.FlagValueToken, Value: text}
	return flag.Parse(kong.ScanFromTokens(token), reflect.New(flag.Target.Type()).Elem())
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
		return "", errors.New("it is a mapping: a key has one value, or a list")
	default:
		return fmt.Sprint(v), nil
	}
}
