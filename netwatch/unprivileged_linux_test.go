package netwatch

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The daemon runs as a user of its own, without any capability.
func TestWatchingNeedsNoPrivilege(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	k := new(rtnetlink)
	type result struct {
		hints <-chan time.Time
		err   error
		stage string
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // ends with its thread: capabilities are a thread's
		var none [2]unix.CapUserData
		if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
			done <- result{nil, err, "drop the capabilities"}
			return
		}
		if err := unix.Unshare(unix.CLONE_NEWNET); err != unix.EPERM {
			done <- result{nil, err, "still privileged"}
			return
		}
		hints, err := k.Subscribe(t.Context())
		if err != nil {
			done <- result{nil, err, "Subscribe"}
			return
		}
		_, err = k.Tables()
		done <- result{hints, err, "Tables"}
	}()
	r := <-done
	if r.err != nil || r.hints == nil {
		t.Fatalf("%s: %v", r.stage, r.err)
	}
	must(t, e.SetIPv4(lease, gateway))
	select {
	case <-r.hints:
	case <-time.After(5 * time.Second):
		t.Error("no message came to a subscriber without capabilities")
	}
}
