package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/negativa-lab/negativa/tokenizer"
)

type tokenizeCommand struct {
	Model  string `arg:"" name:"model" help:"Folder with tokenizer.json, or base."`
	File   string `arg:"" optional:"" default:"-" name:"file" help:"File of JSON lines; - or nothing: standard input."`
	Decode bool   `name:"decode" help:"Turn lists of ids into texts."`
	Add    bool   `name:"add_special_tokens" aliases:"add-special-tokens" help:"Put the special tokens around a text that the tokenizer has for it."`
	Skip   bool   `name:"skip_special_tokens" aliases:"skip-special-tokens" help:"With --decode: leave special tokens out."`
	JSON   bool   `name:"json" help:"JSON lines, which are what comes out without this flag as well."`
}

// Help is what `negativa tokenize --help` says beside the flags.
func (c *tokenizeCommand) Help() string {
	return `A line holds one JSON string; its tokens come back as a JSON list of ids. With --decode a
line holds a list of ids, and a JSON string comes back. Special tokens that are written in
a text become theirs.

Example:  echo '"What is 2+2?"' | negativa tokenize ./Qwen2.5-0.5B`
}

func (c *tokenizeCommand) Run(a *app) error {
	dir, done, err := modelFolder(c.Model)
	if err != nil {
		return err
	}
	defer done()
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return badInput(err)
	}
	convert := c.encode
	if c.Decode {
		convert = c.decode
	}
	return eachLine(a, c.File, func(line []byte) (any, error) { return convert(tok, line) })
}

func (c *tokenizeCommand) encode(tok *tokenizer.Tokenizer, line []byte) (any, error) {
	var text *string
	if err := json.Unmarshal(line, &text); err != nil || text == nil {
		return nil, errors.New("it is not one JSON string: write each text as one, with line ends as \\n")
	}
	if c.Add {
		return tok.EncodeSpecial(*text)
	}
	return tok.Encode(*text)
}

func (c *tokenizeCommand) decode(tok *tokenizer.Tokenizer, line []byte) (any, error) {
	var ids []int64
	if err := json.Unmarshal(line, &ids); err != nil || ids == nil {
		return nil, errors.New("it is not a JSON list of ids")
	}
	tokens, err := tokensOf(ids)
	if err != nil {
		return nil, err
	}
	if c.Skip {
		return tok.Decode(tokens), nil
	}
	return tok.DecodeSpecial(tokens), nil
}

// eachLine turns each line of a file that is not blank into a line of JSON, in order.
func eachLine(a *app, path string, convert func(line []byte) (any, error)) error {
	in, name, err := openLines(a, path)
	if err != nil {
		return badInput(err)
	}
	out := bufio.NewWriterSize(a.stdout, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	lines := bufio.NewReaderSize(in, 1<<20)
	for number := 1; ; number++ {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return fmt.Errorf("read %s after line %d: %w", name, number-1, readErr)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			result, err := convert(line)
			if err != nil {
				return errors.Join(badInput(fmt.Errorf("%s:%d: %w", name, number, err)), out.Flush())
			}
			if err := encoder.Encode(result); err != nil {
				return err
			}
		}
		if readErr != nil || a.ctx.Err() != nil {
			return errors.Join(a.ctx.Err(), out.Flush(), in.Close())
		}
	}
}
