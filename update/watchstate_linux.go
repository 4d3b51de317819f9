package update

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// WatchState calls changed whenever a file in dir was replaced, until ctx ends.
// It sleeps in the kernel meanwhile (inotify(7)).
func WatchState(ctx context.Context, dir string, changed func()) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	defer context.AfterFunc(ctx, func() { events.Close() })()
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO); err != nil {
		return os.NewSyscallError("inotify_add_watch", err)
	}
	buf := make([]byte, 4096) // a few dozen events: what they say does not matter
	for {
		if _, err := events.Read(buf); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		changed()
	}
}
