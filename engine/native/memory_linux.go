package native

import (
	"os"
	"strconv"
	"strings"
)

// availableMemory is the smaller of what the machine and the control group have left.
func availableMemory() int64 {
	left := fieldOf("/proc/meminfo", "MemAvailable:") << 10
	limit, used := numberIn("/sys/fs/cgroup/memory.max"), numberIn("/sys/fs/cgroup/memory.current")
	if limit > 0 && (left == 0 || limit-used < left) {
		left = max(1, limit-used)
	}
	return left
}

// fieldOf is the first number after a key, or 0.
func fieldOf(path, key string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), key)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[0], 10, 64)
	return n
}

// numberIn is the number that a file holds, or 0: "max" stands for no limit.
func numberIn(path string) int64 { return fieldOf(path, "") }
