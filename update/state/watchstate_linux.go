package state

import (
	"bytes"
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Watch calls changed when it has begun to watch, and then whenever the
// state in one of the folders was replaced, until ctx ends. It sleeps in the
// kernel meanwhile (inotify(7)).
func Watch(ctx context.Context, changed func(), dirs ...string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	defer context.AfterFunc(ctx, func() { events.Close() })()
	var failed []error
	for _, dir := range dirs { // one that is not there is the Store's to complain of
		if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO); err != nil {
			failed = append(failed, os.NewSyscallError("inotify_add_watch", err))
		}
	}
	if len(failed) == len(dirs) {
		return errors.Join(failed...)
	}
	changed() // it may have been, before

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
