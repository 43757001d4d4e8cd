package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/negativa-lab/negativa"

// A module is what the rules look at. Tests are not part of it: they may import
// what they like.
type module struct{ packages []*pkg }

type pkg struct {
	path    string // below the module's path; "" is the root package
	comment bool
	files   []file
	deps    []string // everything it reaches, as whole import paths
}

type file struct {
	name      string
	lines     int
	generated bool
	imports   []string // whole import paths
	functions []function
}

type function struct {
	name  string
	line  int
	lines int
}

// local gives the part of an import path below the module's, if it is there.
func local(importPath string) (below string, ok bool) {
	if importPath == modulePath {
		return "", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// within tells whether a package is the other or below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// loadModule reads the module at a folder, its files for every system and tag.
// It walks the folders itself, so that `go test` knows what the result depends
// on and does not repeat an old one, and asks `go list` for what packages reach.
func loadModule(t *testing.T, root string) *module {
	t.Helper()
	m := &module{}
	deps, err := goListDeps(root)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if dir != root && skipped(dir) {
			return fs.SkipDir
		}
		return m.addFolder(root, dir, deps)
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// skipped tells whether `go list ./...` passes a folder over.
func skipped(dir string) bool {
	base := filepath.Base(dir)
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || err == nil
}

func (m *module) addFolder(root, dir string, deps map[string][]string) error {
	below, err := filepath.Rel(root, dir)
	if err != nil {
		return err
	}
	p := &pkg{path: strings.TrimPrefix(filepath.ToSlash(below), ".")}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if err := p.addFile(name); err != nil {
			return err
		}
	}
	if len(p.files) > 0 {
		p.deps = deps[path.Join(modulePath, p.path)]
		m.packages = append(m.packages, p)
	}
	return nil
}

func (p *pkg) addFile(name string) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f := file{name: filepath.Base(name), lines: bytes.Count(source, []byte("\n")), generated: ast.IsGenerated(tree)}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		f.imports = append(f.imports, imported)
	}
	for _, decl := range tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			first, last := set.Position(fn.Pos()).Line, set.Position(fn.End()).Line
			f.functions = append(f.functions, function{fn.Name.Name, first, last - first + 1})
		}
	}
	p.comment = p.comment || isPackageComment(tree)
	p.files = append(p.files, f)
	return nil
}

func isPackageComment(tree *ast.File) bool {
	start := "Package " + tree.Name.Name + " "
	if tree.Name.Name == "main" {
		start = "Command "
	}
	return tree.Doc != nil && strings.HasPrefix(tree.Doc.Text(), start)
}

// goListDeps gives what each package reaches when it is built here.
func goListDeps(root string) (map[string][]string, error) {
	command := exec.Command("go", "list", "-e", "-json=ImportPath,Deps", "./...")
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w\n%s", root, err, stderr.Bytes())
	}
	deps := map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return deps, nil
		} else if err != nil {
			return nil, err
		}
		deps[p.ImportPath] = slices.Sorted(slices.Values(p.Deps))
	}
}
