package safetensors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharded makes a folder of two shards with an index.
func sharded(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	index := map[string]string{}
	for name, tensors := range map[string][]string{"model-1.safetensors": {"a", "b"}, "model-2.safetensors": {"c"}} {
		var list []Tensor
		for i, tensor := range tensors {
			list = append(list, Float32Tensor(tensor, []int{2}, []float32{float32(i), -1}))
			index[tensor] = name
		}
		if err := Write(filepath.Join(dir, name), list, nil); err != nil {
			t.Fatal(err)
		}
	}
	writeIndex(t, dir, index)
	return dir
}

func writeIndex(t *testing.T, dir string, index map[string]string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"weight_map": index})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, IndexFile), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestShardsAreOneFolder(t *testing.T) {
	f, err := OpenFolder(sharded(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Names(), []string{"a", "b", "c"}) {
		t.Errorf("tensors %v", f.Names())
	}
	b, ok := f.Tensor("b")
	if err := f.Forget("b"); err != nil { // what was forgotten is read again
		t.Fatal(err)
	}
	x, err := b.Float32s()
	if !ok || err != nil || !slices.Equal(x, []float32{1, -1}) {
		t.Errorf("b is %v (%v)", x, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestDamagedFoldersAreNamed(t *testing.T) {
	second := "model-2.safetensors"
	for name, c := range map[string]struct {
		damage func(dir string)
		want   []string
	}{
		"a missing shard":         {func(dir string) { os.Remove(filepath.Join(dir, second)) }, []string{second, "missing", "download"}},
		"a truncated shard":       {func(dir string) { os.Truncate(filepath.Join(dir, second), 80) }, []string{second, "truncated"}},
		"an empty shard":          {func(dir string) { os.Truncate(filepath.Join(dir, second), 0) }, []string{second, "truncated"}},
		"an index without end":    {func(dir string) { os.Truncate(filepath.Join(dir, IndexFile), 10) }, []string{IndexFile}},
		"an index of nothing":     {func(dir string) { writeIndex(t, dir, nil) }, []string{IndexFile, "no tensor"}},
		"a tensor elsewhere":      {func(dir string) { writeIndex(t, dir, map[string]string{"a": second, "b": "model-1.safetensors"}) }, []string{"tensor a", second}},
		"a shard outside":         {func(dir string) { writeIndex(t, dir, map[string]string{"a": "../x.safetensors"}) }, []string{"../x.safetensors"}},
		"no file at all":          {func(dir string) { os.RemoveAll(dir); os.Mkdir(dir, 0o755) }, []string{SingleFile}},
		"a tensor in both shards": {func(dir string) { copyFile(t, dir, "model-1.safetensors", second) }, []string{"is in both"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := sharded(t)
			c.damage(dir)
			_, err := OpenFolder(dir)
			if err == nil {
				t.Fatal("it was opened without an error")
			}
			for _, w := range append(c.want, dir) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %q: %v", w, err)
				}
			}
		})
	}
}

func copyFile(t *testing.T, dir, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, from))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, to), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
