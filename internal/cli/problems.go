package cli

import (
	"fmt"
	"path"
	"strings"

	"github.com/negativa-lab/negativa/internal/hub"
	"github.com/negativa-lab/negativa/task"
)

// columnFlags name the columns of files of problems.
type columnFlags struct {
	QuestionField string `name:"question-field" aliases:"question_field" placeholder:"COLUMN" help:"Column of the question, text or chat; a dot leads into a nested value (extra_info.question)."`
	GoldField     string `name:"gold-field" aliases:"gold_field" placeholder:"COLUMN" help:"Column of the gold answer (detected: the final answer of the solution, if there is one)."`
	SolutionField string `name:"solution-field" aliases:"solution_field" placeholder:"COLUMN" help:"Column of a worked solution."`
	IDField       string `name:"id-field" aliases:"id_field" placeholder:"COLUMN" help:"Column of unique ids (detected: question_id, unique_id, problem_id; else a hash of the question)."`
	SubjectField  string `name:"subject-field" aliases:"subject_field" placeholder:"COLUMN" help:"Column of the subject."`
	LevelField    string `name:"level-field" aliases:"level_field" placeholder:"COLUMN" help:"Column of the level."`
	SourceField   string `name:"source-field" aliases:"source_field" placeholder:"COLUMN" help:"Column of the data set that a problem comes from."`
}

func (f columnFlags) columns() task.Columns {
	return task.Columns{
		Question: f.QuestionField, Gold: f.GoldField, Solution: f.SolutionField, ID: f.IDField,
		Subject: f.SubjectField, Level: f.LevelField, Source: f.SourceField,
	}
}

// readProblems reads files of problems, downloading those that are named hub:…. As
// task.Read does, it returns the problems there are beside a task.RowErrors.
func (a *app) readProblems(columns task.Columns, names ...string) (task.Dataset, error) {
	var files []string
	for _, name := range names {
		if !strings.HasPrefix(name, hub.Prefix) {
			files = append(files, name)
			continue
		}
		fetched, err := a.fetchData(name)
		if err != nil {
			return task.Dataset{}, err
		}
		files = append(files, fetched...)
	}
	set, err := task.Read(columns, files...)
	return set, badInput(err)
}

// fetchData brings the data files that hub:… names into the Hub's cache.
func (a *app) fetchData(name string) ([]string, error) {
	spec, err := hub.ParseSpec(name, hub.Dataset)
	if err != nil {
		return nil, badInput(err)
	}
	client, err := hub.FromEnvironment()
	if err != nil {
		return nil, badInput(err)
	}
	snapshot, err := client.Open(a.ctx, spec.Repo)
	if err != nil {
		return nil, err
	}
	if snapshot.Stale != nil {
		a.log.Warn("the Hub cannot be asked for the newest commit: taking the cached one", "repository", spec.Repo, "commit", snapshot.Commit, "error", snapshot.Stale)
	}
	chosen, err := spec.Choose(snapshot.Files)
	if err != nil {
		return nil, badInput(err)
	}
	return a.fetchFiles(client, snapshot, chosen)
}

// fetchFiles downloads one file after the other, each with its progress.
func (a *app) fetchFiles(client *hub.Client, snapshot *hub.Snapshot, names []string) ([]string, error) {
	var bar *progress
	client.Progress = func(file string, done, total int64) {
		if bar == nil {
			bar = a.start(path.Base(file), int(total))
		}
		bar.add(int(done)-bar.done, fmt.Sprintf("%.1f of %.1f MB", float64(done)/1e6, float64(total)/1e6))
	}
	var files []string
	for _, name := range names {
		fetched, err := snapshot.Fetch(a.ctx, name)
		if bar != nil {
			bar.stop()
			bar = nil
		}
		if err != nil {
			return nil, err
		}
		files = append(files, fetched...)
	}
	return files, nil
}
