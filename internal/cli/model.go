package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// embedded is the name of the model that ships in the program.
const embedded = "base"

// modelFlags say how a model is opened.
type modelFlags struct {
	DType   string `name:"dtype" default:"f32" help:"f32, or bf16: factors of products in bfloat16."`
	Base    string `name:"base" type:"path" help:"Folder of the model that an adapter belongs to (the one that it names)."`
	Threads int    `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
}

// open opens a model; one without tokenizer.json has a nil tokenizer.
func (f *modelFlags) open(name string, o native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
	o.Precision, o.Base, o.Threads = native.Precision(f.DType), f.Base, f.Threads
	dir, done, err := unpack(name, &o)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err == nil {
		return openFolder(dir, o)
	}
	policy, err := native.Open(dir, o)
	return policy, nil, badInput(err)
}

// modelFolder is a model's folder; that of the base model that ships in the program is
// written, and removed when it is done with.
func modelFolder(name string) (dir string, done func(), err error) {
	if name != embedded {
		return name, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "negativa-base-")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.RemoveAll(dir) }
	if err := base.Extract(dir); err != nil {
		done()
		return "", nil, err
	}
	return dir, done, nil
}

// openModel opens a model folder, or the base model that ships in the program.
func openModel(name string, o native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
	dir, done, err := unpack(name, &o)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	return openFolder(dir, o)
}

// unpack is modelFolder for a model that is to be opened: adapters of the base model that
// ships in the program know it by its name.
func unpack(name string, o *native.Options) (dir string, done func(), err error) {
	if base, ok := native.AdapterBase(name); ok && base == embedded && o.Base == "" {
		o.Base, done, err = modelFolder(embedded)
		return name, done, err
	}
	if name == embedded {
		o.Name = embedded
	}
	return modelFolder(name)
}

func openFolder(dir string, options native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
	// A model is a few large arrays that stay: letting as much garbage gather as there is live
	// memory, which is the default, would double what it takes.
	debug.SetGCPercent(25)
	policy, err := native.Open(dir, options)
	if err != nil {
		return nil, nil, badInput(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, nil, badInput(err)
	}
	if have := policy.Config().VocabSize; tok.VocabSize() > have {
		return nil, nil, badInput(fmt.Errorf("open model %s: tokenizer.json has %d tokens, the model only %d", dir, tok.VocabSize(), have))
	}
	return policy, tok, nil
}

// canAsk checks that the tokenizer writes what the family says and that the model has
// the positions for it.
func canAsk(policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family, maxTokens int) error {
	if _, err := tok.Encode(family.Alphabet()); err != nil {
		return badInput(fmt.Errorf("this model cannot be asked %s: %w; negativa pretrain --task %s makes one that can", family.Name(), err, family.Name()))
	}
	var longest negativa.Problem
	for i := range uint64(64) {
		if p := family.Problem(task.Test, 1, i); len(p.Prompt) > len(longest.Prompt) {
			longest = p
		}
	}
	if need, have := len(longest.Prompt)+maxTokens, policy.Config().MaxPositions; need > have {
		return badInput(fmt.Errorf("%s needs about %d positions (a prompt of %d and max_completion_length %d), the model has %d: lower max_completion_length, or pretrain with more max_position_embeddings",
			family.Name(), need, len(longest.Prompt), maxTokens, have))
	}
	return nil
}

// threads is how many threads a setting means.
func threads(setting int) int {
	if setting == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return setting
}
