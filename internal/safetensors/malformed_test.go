package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fileOf(header string, dataSize int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, dataSize)...)
}

const good = `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`

var malformed = []struct {
	name    string
	content []byte
	want    string
}{
	{"empty", nil, "truncated"},
	{"seven bytes", make([]byte, 7), "truncated"},
	{"zero header", make([]byte, 8), "not a JSON object"},
	{"truncated header", fileOf(good, 0)[:20], "the file is truncated"},
	{"truncated data", fileOf(good, 7), `tensor "w": data_offsets [0 8] reach beyond the 7 bytes`},
	{"header length 2^64-1", bytes.Repeat([]byte{255}, 64), "above the format's limit"},
	{"header length 2^63", append([]byte{0, 0, 0, 0, 0, 0, 0, 128}, good...), "above the format's limit"},
	{"header length 100 MB + 1", append(binary.LittleEndian.AppendUint64(nil, 100_000_001), good...), "above the format's limit"},
	{"header beyond the file", append(binary.LittleEndian.AppendUint64(nil, 99_999_999), good...), "the file is truncated"},
	{"git lfs pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "git lfs pull"},
	{"not json", fileOf(`{"w":`, 0), "not valid JSON"},
	{"array", fileOf(`[]`, 0), "not a JSON object"},
	{"leading space", fileOf(` {}`, 0), "not a JSON object"},
	{"not utf-8", fileOf("{\"\xff\":1}", 0), "UTF-8"},
	{"text after the header", fileOf(`{} {}`, 0), "bytes follow the JSON object"},
	{"unclosed", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`, 8), "not valid JSON"},
	{"unknown dtype", fileOf(`{"w":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "w": unknown dtype "F31"`},
	{"shape too small", fileOf(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, 8), `tensor "w": shape [1] of F32 needs 4 bytes`},
	{"shape too large", fileOf(`{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "needs 12 bytes"},
	{"shape overflows", fileOf(`{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "more elements than memory"},
	{"shape overflows to its size", fileOf(`{"w":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}`, 8), "more elements than memory"},
	{"negative dimension", fileOf(`{"w":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}`, 8), "negative dimension"},
	{"fractional dimension", fileOf(`{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}`, 8), `tensor "w": not valid JSON`},
	{"no shape", fileOf(`{"w":{"dtype":"F32","data_offsets":[0,8]}}`, 8), `tensor "w": needs dtype, shape`},
	{"null", fileOf(`{"w":null}`, 0), `tensor "w": needs dtype, shape`},
	{"one offset", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}}`, 8), "two data_offsets"},
	{"three offsets", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}`, 8), "two data_offsets"},
	{"offsets reversed", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "not a range"},
	{"negative offset", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 8), "not a range"},
	{"offset beyond int64", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}`, 8), "not valid JSON"},
	{"huge offset", fileOf(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}`, 8), "reach beyond"},
	{"hole at the start", fileOf(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "leave a hole after byte 0"},
	{"trailing bytes", fileOf(good, 9), "1 bytes belong to no tensor"},
	{"data without tensors", fileOf(`{}`, 4), "4 bytes belong to no tensor"},
	{
		"overlap", fileOf(`{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12),
		`tensor "w": data_offsets [4 12] overlap`,
	},
	{
		"hole", fileOf(`{"v":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3),
		`tensor "w": data_offsets [2 3] leave a hole`,
	},
	{
		"name twice", fileOf(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2),
		`the name "w" appears twice`,
	},
	{"metadata of numbers", fileOf(`{"__metadata__":{"step":3}}`, 0), "__metadata__"},
}

func TestMalformedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want the path and %q", err, c.want)
			}
		})
	}
}

// Every prefix of a good file is an error, whatever part it cuts.
func TestTruncationAnywhere(t *testing.T) {
	whole, err := os.ReadFile("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := decode(bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Fatalf("no error for the first %d of %d bytes", n, len(whole))
		}
	}
}

func TestReadOfWhatIsNoFile(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("folder: %v", err)
	}
}

// A file that shrinks while it is read is an error, not a short tensor.
func TestShorterThanItsSize(t *testing.T) {
	whole := fileOf(good, 8)
	if _, err := decode(bytes.NewReader(whole[:len(whole)-1]), int64(len(whole))); err == nil {
		t.Error("no error")
	}
}

// A header that promises a terabyte costs no more than the bytes it is made of.
func TestHostileHeaderAllocatesLittle(t *testing.T) {
	header := fmt.Sprintf(`{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}`, 1<<40, 1<<40)
	content := fileOf(header, 8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := decode(bytes.NewReader(content), int64(len(content))); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("allocated %d bytes", got)
	}
}

// Whatever the bytes, decode returns tensors that fit their shapes, and they
// survive being written and read again.
func FuzzDecode(f *testing.F) {
	for _, c := range malformed {
		f.Add(c.content)
	}
	f.Add(fileOf(good, 8))
	f.Add(fileOf(`{}   `, 0))
	reference, err := os.ReadFile("testdata/reference.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reference)
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := decode(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		for _, tensor := range file.Tensors {
			if n, err := byteLength(tensor.DType, tensor.Shape); err != nil || n != int64(len(tensor.Data)) {
				t.Fatalf("tensor %q: %d bytes, want %d (%v)", tensor.Name, len(tensor.Data), n, err)
			}
		}
		checkRoundTrip(t, file)
	})
}

func checkRoundTrip(t *testing.T, file *File) {
	t.Helper()
	sorted := slices.SortedFunc(slices.Values(file.Tensors), inFile)
	var b bytes.Buffer
	if err := encode(&b, sorted, file.Metadata, func(t Tensor) ([]byte, error) { return t.Data, nil }); err != nil {
		t.Fatal(err)
	}
	again, err := decode(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(file.Tensors, again.Tensors); diff != "" {
		t.Fatal(diff)
	}
}
