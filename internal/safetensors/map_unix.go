//go:build unix

package safetensors

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapFile maps a file's bytes, so that only those that are used are read.
func mapFile(f *os.File, size int64) (data []byte, unmap func() error, err error) {
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	data, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, &os.PathError{Op: "map into memory", Path: f.Name(), Err: err}
	}
	return data, func() error { return unix.Munmap(data) }, nil
}

// forget lets the system drop pages that lie wholly within data: they are read again
// where they are used again.
func forget(whole, data []byte) error {
	page := os.Getpagesize()
	at := int(uintptr(unsafe.Pointer(&data[0])) - uintptr(unsafe.Pointer(&whole[0])))
	first, last := (at+page-1)/page*page, (at+len(data))/page*page
	if first >= last {
		return nil
	}
	return unix.Madvise(whole[first:last], unix.MADV_DONTNEED)
}
