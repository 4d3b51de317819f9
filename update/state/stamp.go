package state

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Stamp identifies the content of a file by its metadata. The zero Stamp means
// that there is no file.
type Stamp struct {
	Inode    uint64
	Modified int64 // nanoseconds since 1970
	Size     int64
}

// ReadStamp returns the stamp of the file at path, the zero Stamp if there is
// none.
func ReadStamp(path string) Stamp {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return Stamp{}
	}
	return Stamp{st.Ino, st.Mtim.Nano(), st.Size}
}

func stampOf(info os.FileInfo) Stamp {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return Stamp{st.Ino, st.Mtim.Nano(), st.Size}
	}
	return Stamp{}
}

// Stamps returns the stamps of the state in state_dir and run_dir.
func Stamps(stateDir, runDir string) [2]Stamp {
	return [2]Stamp{ReadStamp(Path(stateDir)), ReadStamp(Path(runDir))}
}
