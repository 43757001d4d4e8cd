package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
)

// MetricsLog appends to metrics.jsonl.
type MetricsLog struct{ file *os.File }

// AppendMetrics opens metrics.jsonl for appending, and makes it if there is none.
// A last line that a killed process left unfinished is cut off.
func (d *Dir) AppendMetrics() (*MetricsLog, error) {
	f, err := os.OpenFile(d.Path(metricsFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	if err := cutUnfinishedLine(f); err != nil {
		return nil, errors.Join(fmt.Errorf("open metrics %s: %w", f.Name(), err), f.Close())
	}
	return &MetricsLog{f}, nil
}

// CutMetrics leaves out of metrics.jsonl what steps after one have logged, to be logged
// again by a run that goes on there.
func (d *Dir) CutMetrics(last int) error {
	content, err := os.ReadFile(d.Path(metricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := 0
	for line := range bytes.Lines(finishedLines(content)) {
		row, err := parseMetrics(line)
		if err != nil {
			return fmt.Errorf("read metrics %s: %w: the file is damaged", d.Path(metricsFile), err)
		}
		if row["step"] > float64(last) {
			break
		}
		kept += len(line)
	}
	return writeFile(d.Path(metricsFile), content[:kept])
}

func cutUnfinishedLine(f *os.File) error {
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	return f.Truncate(int64(len(finishedLines(content))))
}

func finishedLines(content []byte) []byte {
	return content[:bytes.LastIndexByte(content, '\n')+1]
}

// Append writes one line: the step, then the metrics in the order of their names.
// What is not a finite number is written as null. The line is handed to the
// operating system before Append returns.
func (l *MetricsLog) Append(step int, metrics map[string]float64) error {
	line := fmt.Appendf(nil, `{"step":%d`, step)
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		key, err := json.Marshal(name)
		if err != nil {
			return fmt.Errorf("metric %q: %w", name, err)
		}
		line = append(line, ',')
		line = append(line, key...)
		line = append(line, ':')
		line = append(line, number(metrics[name])...)
	}
	if _, err := l.file.Write(append(line, "}\n"...)); err != nil {
		return fmt.Errorf("append metrics of step %d: %w", step, err)
	}
	return nil
}

func number(v float64) []byte {
	text, err := json.Marshal(v)
	if err != nil { // NaN or ±Inf, which JSON cannot hold
		return []byte("null")
	}
	return text
}

// Close syncs and closes the file.
func (l *MetricsLog) Close() error {
	return errors.Join(l.file.Sync(), l.file.Close())
}

// Metrics reads metrics.jsonl, one map a line, "step" among the names. A null is
// NaN. A last line without an end is not there yet and is left out.
func (d *Dir) Metrics() ([]map[string]float64, error) {
	content, err := os.ReadFile(d.Path(metricsFile))
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	var rows []map[string]float64
	for line := range bytes.Lines(finishedLines(content)) {
		row, err := parseMetrics(line)
		if err != nil {
			return nil, fmt.Errorf("read metrics %s, line %d: %w: the file is damaged", d.Path(metricsFile), len(rows)+1, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func parseMetrics(line []byte) (map[string]float64, error) {
	var values map[string]*float64
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, err
	}
	row := make(map[string]float64, len(values))
	for name, v := range values {
		if v == nil {
			row[name] = math.NaN()
			continue
		}
		row[name] = *v
	}
	return row, nil
}
