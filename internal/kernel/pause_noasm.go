//go:build noasm || !(amd64 || arm64)

package kernel

import "runtime"

// pause lets others run.
func pause() { runtime.Gosched() }
