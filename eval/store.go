package eval

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
)

// Store is a file of samples that grows while they arrive. What Append has returned from
// is on the disk; a process killed at any instant leaves a file that OpenStore goes on
// with. It is safe for concurrent use by one process.
type Store struct {
	path string
	mu   sync.Mutex
	file *os.File
	size int64
	at   map[sampleID]span
}

// OpenStore opens the file at path, or makes it, its folder too. A last line without an
// end is what a killed process was writing: it is removed. Errors are those of
// ReadSamples and of the file system, and that another process has the file open.
func OpenStore(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("keep samples: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep samples: %w", err)
	}
	s := &Store{path: path, file: f, at: map[sampleID]span{}}
	err = s.lock()
	if err == nil {
		err = s.load()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// lock keeps others from the file until it is closed. A file system without locks, as
// clusters have, goes without.
func (s *Store) lock() error {
	if err := syscall.Flock(int(s.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("keep samples in %s: another process is writing to it: wait for its end, or name another folder", s.path)
	}
	return nil
}

func (s *Store) load() error {
	if err := s.repair(); err != nil {
		return fmt.Errorf("repair the end of %s: %w", s.path, err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("keep samples in %s: %w", s.path, err)
	}
	for l, err := range readLines(s.file, s.path, true) {
		if err != nil {
			return err
		}
		s.at[l.id()] = l.at
	}
	return nil
}

// repair cuts off what stands behind the last line break.
func (s *Store) repair() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for s.size = info.Size(); s.size > 0; {
		from := max(0, s.size-int64(len(block)))
		tail := block[:s.size-from]
		if _, err := s.file.ReadAt(tail, from); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
			s.size = from + int64(i) + 1
			break
		}
		s.size = from
	}
	if s.size == info.Size() {
		return nil
	}
	return s.file.Truncate(s.size)
}

// Len is the number of samples.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

// Missing lists, in order, those of the generation ids 0 … n−1 of a question that are
// not there.
func (s *Store) Missing(question string, n int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int
	for i := range n {
		if _, ok := s.at[sampleID{question, strconv.Itoa(i)}]; !ok {
			ids = append(ids, i)
		}
	}
	return ids
}

// Append writes samples and syncs the file. It writes all of them or none.
func (s *Store) Append(samples []Sample) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.append(samples); err != nil {
		return fmt.Errorf("keep samples in %s: %w", s.path, errors.Join(err, s.file.Truncate(s.size)))
	}
	return nil
}

func (s *Store) append(samples []Sample) error {
	var lines bytes.Buffer
	at := map[sampleID]span{}
	for _, sample := range samples {
		if _, there := s.at[sample.id()]; there {
			return fmt.Errorf("sample %s of question %q is there already", sample.GenerationID, sample.QuestionID)
		}
		from := s.size + int64(lines.Len())
		if err := WriteSample(&lines, sample); err != nil {
			return err
		}
		at[sample.id()] = span{from, s.size + int64(lines.Len())}
	}
	if _, err := s.file.WriteAt(lines.Bytes(), s.size); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.size += int64(lines.Len())
	maps.Copy(s.at, at)
	return nil
}

// Sort brings the file into the order of the problems and of generation ids, in which
// they did not arrive, and removes nothing. The file is replaced as a whole. A sample of
// no problem is an error.
func (s *Store) Sort(problems []negativa.Problem) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	order, err := s.order(problems)
	if err != nil {
		return fmt.Errorf("order %s: %w", s.path, err)
	}
	if inOrder(order) {
		return nil
	}
	if err := s.rewrite(order); err != nil {
		return fmt.Errorf("order %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) order(problems []negativa.Problem) ([]span, error) {
	most := map[string]int{} // by question, the largest generation id
	for id := range s.at {
		g, err := strconv.Atoi(id.generation)
		if err != nil {
			return nil, fmt.Errorf("generation_id %q of question %q is not one that was asked for", id.generation, id.question)
		}
		most[id.question] = max(most[id.question], g)
	}
	var order []span
	for _, p := range problems {
		last, there := most[p.ID]
		for g := 0; there && g <= last; g++ {
			if at, ok := s.at[sampleID{p.ID, strconv.Itoa(g)}]; ok {
				order = append(order, at)
			}
		}
	}
	if len(order) != len(s.at) {
		return nil, fmt.Errorf("%d of its %d samples are of other questions than the %d asked: ask all that it has, or keep these in another folder",
			len(s.at)-len(order), len(s.at), len(problems))
	}
	return order, nil
}

func inOrder(order []span) bool {
	for i := 1; i < len(order); i++ {
		if order[i].from < order[i-1].to {
			return false
		}
	}
	return true
}

func (s *Store) rewrite(order []span) error {
	next, err := renameio.NewPendingFile(s.path, renameio.WithTempDir(filepath.Dir(s.path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer next.Cleanup() //nolint:errcheck // does nothing once the file is in place
	for _, at := range order {
		if _, err := io.Copy(next, io.NewSectionReader(s.file, at.from, at.to-at.from)); err != nil {
			return err
		}
	}
	if err := next.CloseAtomicallyReplace(); err != nil {
		return err
	}
	old := s.file
	if s.file, err = os.OpenFile(s.path, os.O_RDWR, 0o644); err != nil {
		s.file = old
		return err
	}
	var end int64
	where := make(map[span]span, len(order))
	for _, at := range order {
		where[at] = span{end, end + at.to - at.from}
		end += at.to - at.from
	}
	for id, at := range s.at {
		s.at[id] = where[at]
	}
	s.size = end
	return old.Close()
}

// Close closes the file.
func (s *Store) Close() error { return s.file.Close() }
