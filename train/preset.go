package train

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/negativa-lab/negativa/internal/nearest"
)

//go:embed presets
var presets embed.FS

// Presets lists the settings of published runs that Preset knows, sorted.
func Presets() []string {
	var names []string
	err := fs.WalkDir(presets, "presets", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(path, "presets/"), ".yaml"))
		}
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return names
}

// PresetNote is what a preset says of itself: its source, and where it differs from that and
// from the preset beside it.
func PresetNote(name string) string {
	raw, err := Preset(name)
	if err != nil {
		return ""
	}
	var note []string
	for line := range strings.Lines(string(raw)) {
		if text, ok := strings.CutPrefix(line, "# "); ok {
			note = append(note, strings.TrimSpace(text))
		}
	}
	return strings.Join(note, " ")
}

// Preset returns the YAML of a published run's settings, keys of Config with their sources
// in comments. An unknown name is an error that suggests the nearest.
func Preset(name string) ([]byte, error) {
	raw, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset %q is not known: did you mean %q? (presets: %s)", name, nearest.To(name, Presets()), strings.Join(Presets(), ", "))
	}
	return raw, nil
}
