package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

type modelCommand struct {
	Inspect inspectCommand `cmd:"" help:"Say what a model is and the memory that it takes."`
	Merge   mergeCommand   `cmd:"" help:"Write a whole model folder: adapters merged, weights in one type."`
}

type inspectCommand struct {
	Model            string `arg:"" name:"model" help:"Model folder, an adapter's folder, or base."`
	Base             string `name:"base" type:"path" help:"Folder of the model that an adapter belongs to (the one that it names)."`
	LoRARank         int    `name:"lora_rank" default:"16" help:"Rank of the adapters that the plan for LoRA counts."`
	MicroBatchTokens int    `name:"micro_batch_tokens" default:"2048" help:"Tokens whose activations the plans count."`
	JSON             bool   `name:"json" help:"Print JSON."`
}

// Help is what `negativa model inspect --help` says beside the flags.
func (c *inspectCommand) Help() string {
	return `Memory is planned, not measured: weights, gradients, the optimizer's moments and the
activations of micro_batch_tokens tokens. Sampling adds keys and values for every token
that is held. Weights are read from mapped files: a tensor's part of them counts as
resident while it is read, and that of the embeddings while a frozen model samples, but
the system takes it back where memory is short.

Example:  negativa model inspect ./Qwen2.5-Math-1.5B`
}

// modelPlan is the memory of one way to use a model.
type modelPlan struct {
	Use   string        `json:"use"`
	Bytes int64         `json:"bytes"`
	Parts []native.Need `json:"parts"`
}

type inspectionJSON struct {
	Architecture string           `json:"architecture"`
	Parameters   int64            `json:"parameters"`
	Tensors      int              `json:"tensors"`
	Stored       map[string]int64 `json:"stored_bytes"`
	Config       native.Config    `json:"config"`
	Scaling      native.Scaling   `json:"rope_scaling"`
	Adapter      *native.LoRA     `json:"adapter,omitempty"`
	CacheBytes   int64            `json:"cache_bytes_per_token"`
	MappedBytes  int64            `json:"mapped_bytes"` // of the file, at most, beside any plan
	Plans        []modelPlan      `json:"memory"`
}

func (c *inspectCommand) Run(a *app) error {
	options := native.Options{Base: c.Base}
	dir, done, err := unpack(c.Model, &options)
	if err != nil {
		return err
	}
	defer done()
	x, err := native.Inspect(dir, options)
	if err != nil {
		return badInput(err)
	}
	out := inspectionJSON{
		Architecture: x.Config.Architecture(), Parameters: x.Config.Parameters(), Tensors: x.Tensors, Stored: x.DTypes,
		Config: x.Config, Scaling: x.Config.RopeScaling, Adapter: x.Adapter, CacheBytes: x.Config.CacheBytes(), MappedBytes: x.Largest,
	}
	if out.Plans, err = c.plans(x.Config); err != nil {
		return badInput(err)
	}
	if c.JSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
	return out.print(a.stdout)
}

func (c *inspectCommand) plans(config native.Config) (plans []modelPlan, err error) {
	lora := &native.LoRA{Rank: c.LoRARank, Alpha: 1}
	for _, p := range []struct {
		use    string
		plan   func(native.Options) ([]native.Need, error)
		frozen bool
		lora   *native.LoRA
	}{
		{"sample", config.ToSample, true, nil},
		{fmt.Sprintf("train LoRA, rank %d", c.LoRARank), config.ToTrain, false, lora},
		{"train fully", config.ToTrain, false, nil},
	} {
		for _, dtype := range []native.Precision{native.F32, native.BF16} {
			parts, err := p.plan(native.Options{Precision: dtype, Frozen: p.frozen, LoRA: p.lora, MicroBatchTokens: c.MicroBatchTokens})
			if err != nil {
				return nil, err
			}
			plans = append(plans, modelPlan{p.use + ", dtype " + string(dtype), native.Total(parts), parts})
		}
	}
	return plans, nil
}

func (x inspectionJSON) print(w io.Writer) error {
	c := x.Config
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(key, format string, values ...any) {
		fmt.Fprintf(t, "%s\t%s\n", key, fmt.Sprintf(format, values...))
	}
	row("architecture", "%s", x.Architecture)
	row("parameters", "%s in %d tensors", count(x.Parameters), x.Tensors)
	var stored []string
	for _, dtype := range slices.Sorted(maps.Keys(x.Stored)) {
		stored = append(stored, fmt.Sprintf("%s of %s", size(x.Stored[dtype]), dtype))
	}
	row("stored", "%s", strings.Join(stored, ", "))
	row("layers", "%d of width %d, MLP %d", c.Layers, c.HiddenSize, c.IntermediateSize)
	row("heads", "%d of width %d, %d of keys and values", c.Heads, c.HeadDim, c.KVHeads)
	row("vocabulary", "%d, head %s", c.VocabSize, map[bool]string{true: "tied to the embeddings", false: "of its own"}[c.TiedHead])
	row("positions", "%d, theta %v, %s", c.MaxPositions, c.RopeTheta, cmp.Or(c.RopeScaling.Type, "unscaled"))
	if x.Adapter != nil {
		row("adapter", "rank %d, alpha %v", x.Adapter.Rank, x.Adapter.Alpha)
	}
	row("", "")
	row("memory", "")
	for _, p := range x.Plans {
		row("  "+p.Use, "%s", size(p.Bytes))
	}
	row("  one sampled token", "%s of keys and values", size(x.CacheBytes))
	row("  mapped beside it", "up to %s of the file, which the system takes back where memory is short", size(x.MappedBytes))
	return t.Flush()
}

type mergeCommand struct {
	Model   string `arg:"" name:"model" help:"Adapter's folder, model folder, or base."`
	Out     string `arg:"" name:"out" type:"path" help:"Folder to write; it must be absent or empty."`
	DType   string `name:"dtype" default:"bf16" enum:"f32,bf16,f16" help:"Type of the stored weights: f32, bf16 or f16."`
	Base    string `name:"base" type:"path" help:"Folder of the model that the adapter belongs to (the one that it names)."`
	Threads int    `name:"threads" default:"0" help:"Threads; 0: one for each CPU."`
}

// Help is what `negativa model merge --help` says beside the flags.
func (c *mergeCommand) Help() string {
	return `The folder holds every file of the model beside its weights, and opens in transformers
and vLLM. A model without adapters is written as it is, in the type that is asked for.

Example:  negativa model merge runs/nsr/checkpoints/step-100 ./merged --dtype bf16`
}

func (c *mergeCommand) Run(a *app) error {
	if err := checkFresh(c.Out); err != nil {
		return badInput(err)
	}
	options := native.Options{Frozen: true, Threads: c.Threads, Base: c.Base}
	dir, done, err := unpack(c.Model, &options)
	if err != nil {
		return err
	}
	defer done()
	policy, err := native.Open(dir, options)
	if err != nil {
		return badInput(err)
	}
	if err := policy.Export(c.Out, safetensors.DType(strings.ToUpper(c.DType))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "model   %s\n", c.Out)
	return err
}

// count writes a number of parameters as people say it.
func count(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f billion", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f million", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

// size writes bytes as people say them.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}
