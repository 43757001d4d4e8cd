package cli

import (
	"fmt"
	"os"
	"runtime"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// openModel opens a model folder, or the base model that ships in the program.
func openModel(name string, options native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
	if name != "base" {
		return openFolder(name, options)
	}
	dir, err := os.MkdirTemp("", "negativa-base-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	if err := base.Extract(dir); err != nil {
		return nil, nil, err
	}
	return openFolder(dir, options)
}

func openFolder(dir string, options native.Options) (*native.Engine, *tokenizer.Tokenizer, error) {
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
		return badInput(fmt.Errorf("this model cannot be asked %s: %w", family.Name(), err))
	}
	var longest negativa.Problem
	for i := range uint64(64) {
		if p := family.Problem(task.Test, 1, i); len(p.Prompt) > len(longest.Prompt) {
			longest = p
		}
	}
	if need, have := len(longest.Prompt)+maxTokens, policy.Config().MaxPositions; need > have {
		return badInput(fmt.Errorf("%s needs about %d positions (a prompt of %d and max_completion_length %d), the model has %d: lower max_completion_length",
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
