package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/tokenizer/chat"
)

type evalCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`

	Model       string `name:"model" group:"What is evaluated" help:"Model folder (config.json, model.safetensors, tokenizer.json), or base: the model in this program."`
	BaseURL     string `name:"base_url" aliases:"base-url" group:"What is evaluated" help:"OpenAI-compatible server, up to the version: http://localhost:8000/v1 (OPENAI_BASE_URL). The key is OPENAI_API_KEY."`
	ServedModel string `name:"served_model" aliases:"served-model" group:"What is evaluated" help:"Name under which the server has the model (the only one it has)."`
	Samples     string `name:"samples" type:"path" group:"What is evaluated" help:"JSONL file of samples: question_id, generation_id, label, and for --regrade response, gold_answer."`

	Task           string `name:"task" default:"countdown" group:"Problems" help:"Task family; options follow a colon (countdown:numbers=4). See negativa data tasks."`
	Data           string `name:"data" group:"Problems" placeholder:"FILE" help:"Problems of a file instead of a task: parquet, JSONL or JSON, or hub:ORG/NAME[/CONFIG][@REVISION][:FILE or SPLIT]; its form is detected."`
	columnFlags    `group:"Problems"`
	NumProblems    *int    `name:"num_problems" aliases:"num-problems" group:"Problems" help:"The first so many problems (200 of a task, all of a file)."`
	ProblemSeed    uint64  `name:"problem_seed" default:"1" group:"Problems" help:"Seed of a task's held-out problems."`
	PromptTemplate *string `name:"prompt_template" aliases:"prompt-template" group:"Problems" help:"How a problem of a file is put: plain, boxed, chat or boxed-chat (in the model's chat template), qwen-boxed, or a text with {problem} (plain)."`
	Mode           string  `name:"mode" default:"math" group:"Problems" help:"How answers to a file's problems are graded: ${modes}."`
	Regrade        bool    `name:"regrade" group:"Problems" help:"Grade the responses in --samples again, labels or not; the gold is --data's, or else the line's gold_answer."`

	Preset              presetName `name:"preset" group:"Sampling" help:"Settings of a published evaluation: rlvr-decomposed (temperature 0.6, top-p 0.95, 4,096 tokens, n 256, prompt qwen-boxed). Flags win over it."`
	N                   *int       `name:"n" group:"Sampling" help:"Samples of each problem (256; of a file: all that every question has)."`
	K                   []int      `name:"k" group:"Sampling" help:"Further k of Pass@k, beside the powers of two up to n."`
	Temperature         *float64   `name:"temperature" group:"Sampling" help:"Sampling temperature (1)."`
	TopK                int        `name:"top_k" aliases:"top-k" default:"0" group:"Sampling" help:"Sample from the k likeliest tokens; 0: off."`
	TopP                *float64   `name:"top_p" aliases:"top-p" group:"Sampling" help:"Sample from the likeliest tokens with this share; 1: off (1)."`
	MinP                float64    `name:"min_p" aliases:"min-p" default:"0" group:"Sampling" help:"Leave out tokens less likely than this times the likeliest; 0: off."`
	MaxCompletionLength *int       `name:"max_completion_length" aliases:"max-completion-length,max_tokens,max-tokens" group:"Sampling" help:"Tokens of a completion (4,096; of a task: what its longest answer needs)."`
	Seed                uint64     `name:"seed" default:"1" group:"Sampling" help:"Seed of the samples and of the intervals."`

	DType   string `name:"dtype" default:"f32" enum:"f32,bf16" group:"A local model" help:"f32, or bf16: factors of products in bfloat16."`
	Threads int    `name:"threads" default:"0" group:"A local model" help:"Threads; 0: one for each CPU. No result depends on it."`

	API               string        `name:"api" default:"completions" enum:"completions,chat" group:"A server" help:"completions: the prompt is text. chat: the server's template makes it of messages."`
	VendorSampling    string        `name:"vendor_sampling" aliases:"vendor-sampling" default:"vllm" enum:"vllm,openai" group:"A server" help:"vllm: send top_k, min_p and repetition_penalty too, whose defaults there come from the model's folder. openai: leave them out."`
	Stop              []string      `name:"stop" sep:"none" group:"A server" help:"Text that ends a completion; may be given again."`
	Concurrency       int           `name:"concurrency" default:"16" group:"A server" help:"Requests at a time."`
	SamplesPerRequest int           `name:"samples_per_request" aliases:"samples-per-request" default:"16" group:"A server" help:"Samples asked for in one request, under one seed; 1: for servers that give a seed's samples all alike."`
	RequestTimeout    time.Duration `name:"request_timeout" aliases:"request-timeout" default:"10m" group:"A server" help:"Time one request may take."`
	Attempts          int           `name:"attempts" default:"8" group:"A server" help:"Requests made before one counts as failed; ten times as many under a rate limit."`

	chatTemplate *chat.Template // the model's own, where problems are put with it

	JSON bool   `name:"json" help:"Print JSON."`
	Out  string `name:"out" type:"path" help:"Folder for evaluation.json and samples.jsonl; it must be absent or empty. Of a server's samples: runs/eval-MODEL, and if they are there already the evaluation goes on with them."`
}

// Help is what `negativa eval --help` says beside the flags.
func (c *evalCommand) Help() string {
	return `Pass@k is the unbiased estimate 1 − C(n−c, k)/C(n, k), computed exactly and averaged
over problems; intervals are 95 % bootstraps over problems. A task's problems come from
its test split, which training never sees. Where problems have a level or a subject,
each has its own table.

A server's samples are kept as they come. Rate limits and failures are waited out; a run
that was killed, or that could not get all samples, goes on where it was when the same
command is given again.

Examples:  negativa eval --model base --task countdown --n 64
           negativa eval --base_url http://localhost:8000/v1 --data math-test.parquet --preset rlvr-decomposed
           negativa eval --served_model gpt-4o-mini --api chat --vendor_sampling openai --data aime.jsonl --prompt_template boxed --n 8
           negativa eval --samples samples.jsonl --json
           negativa eval --samples samples.jsonl --data math.jsonl --regrade --mode paper --out regraded`
}

func (c *evalCommand) Run(a *app) error {
	evaluate, err := c.source()
	if err != nil {
		return badInput(err)
	}
	settings, err := c.settle()
	if err != nil {
		return badInput(err)
	}
	e, err := evaluate(a, settings)
	if err != nil {
		return err
	}
	if c.Samples == "" { // how a file's samples were drawn is not known
		e.Conditions.Preset = settings.preset
	}
	if c.Out != "" {
		if err := rundir.WriteJSON(filepath.Join(c.Out, evaluationFile), e); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, e)
	}
	return report.PrintEvaluation(a.stdout, e)
}

// source is what is evaluated: a model, a server or a file, one of them.
func (c *evalCommand) source() (func(*app, settings) (eval.Evaluation, error), error) {
	server := c.BaseURL != "" || c.ServedModel != ""
	named := 0
	for _, is := range []bool{c.Model != "", server, c.Samples != ""} {
		if is {
			named++
		}
	}
	switch {
	case named != 1:
		return nil, errors.New("name one thing to evaluate: --model DIR (or base), --base_url URL, or --samples FILE.jsonl; problems are --task's or --data's")
	case c.Regrade && c.Samples == "":
		return nil, errors.New("--regrade grades the responses of a file again: name it with --samples FILE.jsonl")
	case c.NumProblems != nil && *c.NumProblems < 1:
		return nil, fmt.Errorf("num_problems is %d; it must be at least 1", *c.NumProblems)
	case server:
		return c.fromServer, nil
	}
	if err := checkFresh(c.Out); err != nil {
		return nil, err
	}
	if c.Samples != "" {
		return c.fromFile, nil
	}
	return c.fromModel, nil
}

const (
	evaluationFile = "evaluation.json"
	samplesFile    = "samples.jsonl"
	conditionsFile = "conditions.json"
)
