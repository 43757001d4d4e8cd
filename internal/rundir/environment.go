package rundir

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// Environment is the program and the machine that made a run.
type Environment struct {
	Version     string   `json:"version"`  // module version, "(devel)" for a build from a work tree
	Commit      string   `json:"commit"`   // of the sources; empty if the build does not know
	Modified    bool     `json:"modified"` // the sources differed from the commit
	Go          string   `json:"go"`
	OS          string   `json:"os"`
	Arch        string   `json:"arch"`
	CPUs        int      `json:"cpus"`         // logical processors of the machine
	CPUFeatures []string `json:"cpu_features"` // instruction sets found, sorted
	Threads     int      `json:"threads"`
	Seed        uint64   `json:"seed"`
}

// NewEnvironment describes this process and what the run was asked to use.
func NewEnvironment(threads int, seed uint64) Environment {
	e := Environment{
		Version:     "unknown",
		Go:          runtime.Version(),
		OS:          runtime.GOOS,
		Arch:        runtime.GOARCH,
		CPUs:        runtime.NumCPU(),
		CPUFeatures: cpuFeatures(),
		Threads:     threads,
		Seed:        seed,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.describeBuild(info)
	}
	return e
}

func (e *Environment) describeBuild(info *debug.BuildInfo) {
	e.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Commit = s.Value
		case "vcs.modified":
			e.Modified = s.Value == "true"
		}
	}
}

func cpuFeatures() []string {
	switch runtime.GOARCH {
	case "amd64", "386":
		return trueFields(cpu.X86)
	case "arm64":
		return trueFields(cpu.ARM64)
	}
	return []string{}
}

// trueFields lists the fields HasX of a struct that are true, as X.
func trueFields(features any) []string {
	names := []string{}
	for field, value := range reflect.ValueOf(features).Fields() {
		name, isFeature := strings.CutPrefix(field.Name, "Has")
		if isFeature && value.Kind() == reflect.Bool && value.Bool() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
