package clock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// System returns a reader of this machine's clocks.
func System() func() Now {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	boot := strings.TrimSpace(string(id))
	return func() Now {
		var ts unix.Timespec
		unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // cannot fail on Linux ≥ 2.6.39
		var tx unix.Timex
		_, err := unix.Adjtimex(&tx) // modes 0: reads only, needs no privilege
		return Now{
			Wall:   time.Now(),
			Synced: err == nil && tx.Status&unix.STA_UNSYNC == 0,
			Boot:   boot,
			Up:     time.Duration(ts.Nano()),
		}
	}
}

// Watch calls set whenever the wall clock is set, until ctx ends, and then returns
// nil (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
func Watch(ctx context.Context, set func()) error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("timerfd_create", err)
	}
	timer := os.NewFile(uintptr(fd), "timerfd")
	defer context.AfterFunc(ctx, func() { timer.Close() })()
	defer timer.Close()
	never := unix.ItimerSpec{Value: unix.Timespec{Sec: 1<<31 - 1}} // 2038: the largest 32-bit time
	var buf [8]byte
	for {
		err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil)
		if err == nil {
			_, err = timer.Read(buf[:])
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ECANCELED):
			set()
		case err != nil:
			return fmt.Errorf("timerfd: %w", err)
		}
	}
}
