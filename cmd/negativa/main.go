// Command negativa trains, evaluates and explains language models under reinforcement
// learning with verifiable rewards.
package main

import (
	"os"

	"github.com/negativa-lab/negativa/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
