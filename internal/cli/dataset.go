package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/openai"
	"github.com/negativa-lab/negativa/task"
)

// dataset reads the problems of --data. Where no column holds ids, they are numbered from
// 0, as the code of 2506.01347 does, so that its samples find them.
func (c *evalCommand) dataset(a *app) (task.Dataset, eval.Data, error) {
	set, err := a.readProblems(c.columns(), c.Data)
	if err != nil {
		return set, eval.Data{}, err
	}
	a.log.Info("read problems", "file", c.Data, "detected", set.Detected())
	if set.Columns.ID == "" {
		for i := range set.Items {
			set.Items[i].ID = strconv.Itoa(i)
		}
	}
	hash, err := hashFiles(set.Files)
	return set, eval.Data{Path: c.Data, SHA256: hash}, err
}

// hashFiles is the SHA-256 of the files' bytes, one behind the other.
func hashFiles(paths []string) (string, error) {
	hash := sha256.New()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("hash problems: %w", err)
		}
		_, err = io.Copy(hash, file)
		if err = cmp.Or(err, file.Close()); err != nil {
			return "", fmt.Errorf("hash problems %s: %w", path, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// turns are the messages of a chat as a server takes them.
func turns(messages []task.Message) []openai.Message {
	out := make([]openai.Message, len(messages))
	for i, m := range messages {
		out[i] = openai.Message{Role: m.Role, Content: m.Content}
	}
	return out
}
