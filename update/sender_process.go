package update

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"syscall"
)

// ServeSender is the sender process: it makes the one exchange that Sender
// asks for on stdin, tells on stdout what came of it, and returns the exit
// code. It ends early when stdin does. version is the program's own.
func ServeSender(stdin io.Reader, stdout io.Writer, version string) int {
	var in *bufio.Reader
	var fields []string
	err := errFrame
	if !isTerminal(stdin) {
		in = bufio.NewReader(polled(stdin))
		fields, err = readFrame(in, maxRequestFrame)
	}
	req, err2 := parseRequest(fields)
	if err != nil || err2 != nil {
		fmt.Fprintf(stdout, "homeward: %s is what homeward starts to send an update with; it is not for people\n", SenderArg)
		return 2
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	told := make(chan struct{}, 1)
	go func() {
		defer cancel()
		if f, err := readFrame(in, 64); err == nil && len(f) == 1 && f[0] == frameGo {
			told <- struct{}{}
			in.ReadByte() // until the watcher closes it, or dies
		}
	}()
	ready := func(local netip.Addr) bool {
		if writeFrame(stdout, frameReady, local.String()) != nil {
			return false
		}
		select {
		case <-told:
			return true
		case <-ctx.Done():
			return false
		}
	}
	agent := fmt.Sprintf("homeward/%s (%s/%s)", version, runtime.GOOS, runtime.GOARCH)
	outcome := newClient(agent).exchange(ctx, req, ready)
	if writeFrame(stdout, outcome.fields()...) != nil {
		return 1
	}
	return 0
}

// polled returns r so that who waits for it does not hold up others: a thread
// that sleeps in read keeps Go's only processor until the runtime's monitor
// takes it away, which costs the request 0.2 ms, twice.
func polled(r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok && syscall.SetNonblock(int(f.Fd()), true) == nil {
		return os.NewFile(f.Fd(), f.Name())
	}
	return r
}

// isTerminal tells whether somebody typed the command.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
