//go:build !noasm && (amd64 || arm64)

package kernel

// pause tells the processor that this is a waiting loop.
func pause()
