package update

import (
	"fmt"
	"os"
	"syscall"
)

// StateStamp tells one content of a folder's state from any other, without
// reading it; it is "" where there is none.
func StateStamp(dir string) string {
	return FileStamp(StatePath(dir))
}

// FileStamp likewise tells a file's contents apart, by what the file system
// says of it.
func FileStamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return stamp(info)
}

func stamp(info os.FileInfo) string {
	inode := uint64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	return fmt.Sprint(inode, info.ModTime().UnixNano(), info.Size())
}
