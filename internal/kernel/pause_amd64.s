//go:build !noasm

#include "textflag.h"

// func pause()
// Four hints to the processor that this is a waiting loop.
TEXT ·pause(SB), NOSPLIT, $0-0
	PAUSE
	PAUSE
	PAUSE
	PAUSE
	RET
