package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// identity is the number of a file and when it was created, where the file system knows that:
// numbers are used again. To open the file would be no way to find out: closing it ends the
// locks of all connections to it.
func identity(path string) string {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil || s.Mask&unix.STATX_INO == 0 {
		return ""
	}
	if s.Mask&unix.STATX_BTIME == 0 {
		return fmt.Sprintf("inode %d", s.Ino)
	}
	return fmt.Sprintf("inode %d of %d.%09d", s.Ino, s.Btime.Sec, s.Btime.Nsec)
}
