package hub

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Prefix begins every text that ParseSpec reads.
const Prefix = "hub:"

const specForm = "hub:ORG/NAME[/CONFIG][@REVISION][:FILE or SPLIT], as in hub:openai/gsm8k/main:test"

// Spec names data files of a repository as users write them.
type Spec struct {
	Repo   Repo
	Config string // a folder, empty: whatever there is
	File   string // a path, a pattern as of path.Match, or a split; empty: whatever there is
}

var repoName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`)

// ParseSpec reads hub:org/name[/config][@revision][:file]. The revision is main if none
// is given.
func ParseSpec(text string, kind Kind) (Spec, error) {
	rest, found := strings.CutPrefix(text, Prefix)
	rest, file, hasFile := strings.Cut(rest, ":")
	rest, revision, hasRevision := strings.Cut(rest, "@")
	parts := strings.SplitN(rest, "/", 3)
	if !found || len(parts) < 2 || hasFile && file == "" || hasRevision && revision == "" {
		return Spec{}, fmt.Errorf("%q is not of the form %s", text, specForm)
	}
	s := Spec{Repo: Repo{Kind: kind, Name: parts[0] + "/" + parts[1], Revision: cmp.Or(revision, "main")}, File: file}
	if len(parts) == 3 {
		s.Config = parts[2]
	}
	if !repoName.MatchString(s.Repo.Name) || !isLocal(s.Repo.Revision) || s.Config != "" && !isLocal(s.Config) {
		return Spec{}, fmt.Errorf("%q is not of the form %s", text, specForm)
	}
	return s, nil
}

// Choose picks the files a spec means, sorted. Of several formats the first of parquet,
// JSON Lines and JSON is taken. More than one folder or split is an error that lists
// what could be meant, unless a pattern asks for them.
func (s Spec) Choose(files []File) ([]string, error) {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	slices.Sort(all)
	for _, exact := range []string{s.File, path.Join(s.Config, s.File)} {
		if s.File != "" && slices.Contains(all, exact) {
			return []string{exact}, nil
		}
	}
	if strings.ContainsAny(s.File, "*?[") {
		return s.matching(all)
	}
	return s.ofOneSplit(dataFiles(all))
}

func (s Spec) matching(all []string) ([]string, error) {
	pattern := path.Join(s.Config, s.File)
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%s: the pattern %q: %w", s.Repo, pattern, err)
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(file string) bool {
		matched, _ := path.Match(pattern, file)
		return !matched
	})
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%s: no file matches %q: there are %s", s.Repo, pattern, some(all))
	}
	return chosen, nil
}

func (s Spec) ofOneSplit(data []string) ([]string, error) {
	groups := map[string][]string{}
	for _, file := range data {
		inConfig := s.Config == "" || slices.Contains(strings.Split(path.Dir(file), "/"), s.Config)
		if inConfig && (s.File == "" || split(file) == split(s.File)) {
			name := s.name(file)
			groups[name] = append(groups[name], file)
		}
	}
	names := slices.Sorted(maps.Keys(groups))
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("%s has no parquet, JSON Lines or JSON files: try its revision refs/convert/parquet, as in hub:%s@refs/convert/parquet", s.Repo, s.Repo.Name)
	case len(names) == 0:
		return nil, fmt.Errorf("%s has no data for configuration %q and file or split %q: there are %s", s.Repo, s.Config, s.File, some(data))
	case len(names) > 1:
		return nil, fmt.Errorf("%s has several splits or configurations: name one of %s", s.Repo, some(names))
	}
	return groups[names[0]], nil
}

// name is how a file's group would be asked for.
func (s Spec) name(file string) string {
	name := Prefix + s.Repo.Name
	if config := config(file); config != "" {
		name += "/" + config
	}
	if s.Repo.Revision != "main" {
		name += "@" + s.Repo.Revision
	}
	return name + ":" + split(file)
}

// config is the folder that tells a file's configuration: main/test.parquet,
// main/test/0000.parquet; data/test.parquet has none.
func config(file string) string {
	folder := path.Dir(file)
	if split(path.Base(folder)) == split(file) {
		folder = path.Dir(folder)
	}
	if base := path.Base(folder); base != "." && base != "data" {
		return base
	}
	return ""
}

// dataFiles keeps the files of the best format; what describes a data set is no data.
func dataFiles(all []string) []string {
	for _, extensions := range [][]string{{".parquet"}, {".jsonl", ".ndjson"}, {".json"}} {
		var found []string
		for _, file := range all {
			hidden := strings.HasPrefix(path.Base(file), ".")
			about := strings.HasPrefix(path.Base(file), "dataset_") || path.Base(file) == "state.json"
			if slices.Contains(extensions, path.Ext(file)) && !hidden && !about {
				found = append(found, file)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

var (
	shard      = regexp.MustCompile(`[-_.]?\d{4,5}(-of-\d{5})?$`)
	splitWords = map[string]string{
		"train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
		"validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
	}
	words = regexp.MustCompile(`[A-Za-z]+`)
)

// split is the split that a file's name tells, as the Hub reads names; a name that tells
// none is its own split.
func split(file string) string {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	for _, word := range words.FindAllString(strings.ToLower(stem), -1) {
		if name, known := splitWords[word]; known {
			return name
		}
	}
	bare, folder := shard.ReplaceAllString(stem, ""), path.Base(path.Dir(file))
	if bare == "" && folder != "." {
		return split(folder) // refs/convert/parquet: default/train/0000.parquet
	}
	return cmp.Or(bare, stem)
}

// some lists names without end.
func some(names []string) string {
	const shown = 12
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return strings.Join(names, ", ")
}
