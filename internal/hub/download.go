package hub

import (
	"context"
	"crypto/sha1" //nolint:gosec // git names content by it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// errBroken marks an answer that ended before it should, or cannot be read: another
// attempt may be better.
var errBroken = errors.New("the connection broke")

// errStalled ends an attempt in which nothing comes any more.
var errStalled = errors.New("nothing comes any more")

// blob brings a file's content into the cache, unless it is there.
func (s *Snapshot) blob(ctx context.Context, f File) error {
	path := s.in("blobs", f.hash())
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if s.client.Offline {
		return fmt.Errorf("HF_HUB_OFFLINE is set and %s does not hold it: unset it to download", s.client.Cache)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	unlock, err := s.lock(ctx, f.hash())
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err // another process brought it meanwhile
	}
	partial := path + ".incomplete"
	if err := s.complete(ctx, f, partial); err != nil {
		return err
	}
	if err := checkHash(partial, f); err != nil {
		return errors.Join(err, os.Remove(partial), s.forgetTree())
	}
	return os.Rename(partial, path)
}

// complete asks for what is missing until all is there. Attempts that brought what no
// attempt before had do not count as failed.
func (s *Snapshot) complete(ctx context.Context, f File, partial string) error {
	most := int64(0)
	for failures := 0; ; {
		have, err := s.resume(ctx, f, partial)
		if err == nil {
			return nil
		}
		if have > most {
			most, failures = have, 0
		}
		if err := s.client.pause(ctx, failures, err); err != nil {
			return fmt.Errorf("%w (what has come is kept: the same command goes on from there)", err)
		}
		failures++
	}
}

// resume appends what follows the partial file's end, and says how much is there then.
func (s *Snapshot) resume(ctx context.Context, f File, partial string) (have int64, err error) {
	out, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	have, err = out.Seek(0, io.SeekEnd)
	if err != nil || have == f.Size {
		return have, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body, have, err := s.from(ctx, f, have)
	if err != nil {
		return 0, err
	}
	defer body.Close() //nolint:errcheck // the content's hash is checked
	if err := out.Truncate(have); err != nil {
		return 0, err
	}
	if _, err := out.Seek(have, io.SeekStart); err != nil {
		return 0, err
	}
	watch := s.watch(body, f, have, cancel)
	defer watch.timer.Stop()
	grown, err := io.Copy(out, io.LimitReader(watch, f.Size-have))
	have += grown
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		return have, fmt.Errorf("%w: %w", errBroken, errStalled)
	case err != nil:
		return have, err
	case have < f.Size:
		return have, fmt.Errorf("%w: %d of %d bytes are here", errBroken, have, f.Size)
	}
	return have, out.Sync()
}

// from asks for a file's content behind its first bytes. Where the server sends another
// range than was asked for, it says which.
func (s *Snapshot) from(ctx context.Context, f File, have int64) (io.ReadCloser, int64, error) {
	header := http.Header{"Accept-Encoding": {"identity"}}
	if have > f.Size {
		have = 0
	}
	if have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := s.client.get(ctx, s.Repo, s.client.content(s.Repo, s.Commit, f.Path), header)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusRequestedRangeNotSatisfiable {
		delete(header, "Range")
		response, err = s.client.get(ctx, s.Repo, status.URL, header)
	}
	if err != nil {
		return nil, 0, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, 0, nil
	}
	var begin int64
	if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &begin); err != nil || begin != have {
		response.Body.Close() //nolint:errcheck // nothing is read from it
		return nil, 0, fmt.Errorf("%w: bytes from %d on were asked for, and %q came", errBroken, have, response.Header.Get("Content-Range"))
	}
	return response.Body, have, nil
}

// watched is a body that reports its progress, and whose attempt ends if it stalls.
type watched struct {
	body  io.Reader
	done  int64
	timer *time.Timer
	stall time.Duration
	told  func(done int64)
}

func (s *Snapshot) watch(body io.Reader, f File, done int64, cancel context.CancelCauseFunc) *watched {
	w := &watched{body: body, done: done, stall: s.client.Stall, told: func(int64) {}}
	if s.client.Progress != nil {
		w.told = func(done int64) { s.client.Progress(f.Path, done, f.Size) }
	}
	w.timer = time.AfterFunc(w.stall, func() { cancel(errStalled) })
	w.told(done)
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	w.timer.Reset(w.stall)
	w.done += int64(n)
	w.told(w.done)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return n, err
}

// checkHash compares content with the hash that names it: SHA-256, or git's SHA-1 of a
// header and the content.
func checkHash(path string, f File) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	var h hash.Hash
	if f.SHA256 != "" {
		h = sha256.New()
	} else {
		h = sha1.New() //nolint:gosec // git names content by it
		fmt.Fprintf(h, "blob %d\x00", f.Size)
	}
	if _, err := io.Copy(h, in); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.hash() {
		return fmt.Errorf("what came has the hash %s, not %s: it was damaged on its way and is removed; download it again", got, f.hash())
	}
	return nil
}
