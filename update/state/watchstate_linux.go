package state

import (
	"bytes"
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Watch calls changed once it watches, and whenever the state in one of the
// folders is replaced, until ctx ends (inotify(7)). It returns nil then, and an
// error if no folder can be watched.
func Watch(ctx context.Context, changed func(), dirs ...string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	defer context.AfterFunc(ctx, func() { events.Close() })()
	var failed []error
	for _, dir := range dirs { // the Store reports a missing one
		if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO); err != nil {
			failed = append(failed, os.NewSyscallError("inotify_add_watch", err))
		}
	}
	if len(failed) == len(dirs) {
		return errors.Join(failed...)
	}
	changed() // it may have changed before

	buf := make([]byte, 4096) // a few dozen events
	for {
		n, err := events.Read(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case bytes.Contains(buf[:n], []byte(FileName)):
			changed()
		}
	}
}
