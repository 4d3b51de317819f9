package daemon

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel may tell of a worker's end before the watcher has read what it
// said: that it refuses the configuration, say, or where it has saved what it
// knows.
func TestAWorkerIsGoneWhenAllThatItSaidWasHeard(t *testing.T) {
	p := newTestProcess(t)
	const said = 40 // more than wait in the channel
	if err := p.start(order{kind: orderBegin}); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(said) {
		m := report{gen: 1, seq: i, kind: reportAlive}.encode()
		if _, err := unix.Write(p.theirs, m[:]); err != nil {
			t.Fatal(err)
		}
	}
	err := unix.EINTR
	for err == unix.EINTR {
		err, _ = unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil).(unix.Errno)
	}
	if err != 0 {
		t.Fatal(err)
	}
	received := 0
	<-p.children()
	for how, gone := p.gone(); ; how, gone = p.gone() {
		if gone {
			for len(p.reports()) > 0 {
				<-p.reports()
				received++
			}
			if received != said || how.String() != "exit code 0" {
				t.Errorf("gone, %v, after %d reports, want %d", how, received, said)
			}
			return
		}
		select {
		case <-p.reports():
			received++
		case <-p.children():
		}
	}
}

// newTestProcess returns a process whose workers end at once.
func newTestProcess(t *testing.T) *process {
	t.Helper()
	s, err := newSlots()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProcess(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	p.argv = []string{os.Args[0], "-test.run=^$"}
	p.attr.Files[1], p.attr.Files[2] = s[0].Fd(), s[0].Fd() // what it says is nobody's
	return p
}
