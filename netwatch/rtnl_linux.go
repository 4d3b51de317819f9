package netwatch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// rtnetlink implements kernel in the network namespace of the calling thread.
type rtnetlink struct {
	rcvbuf   int  // receive buffer of a subscription in bytes, 0: the system's
	unfilter bool // no filter, as on a kernel without it

	// For Tables, which runs once at a time.
	buf      []byte
	requests []dumpRequest
	nexthops dumpRequest
	snapshot snapshot
}

// A message is 0.5 to 4 kB. A dump comes in chunks as long as the buffer, at
// most 32 KiB.
const (
	hintBuf = 16 << 10
	dumpBuf = 32 << 10
	maxBuf  = 1 << 20
)

// Subscribe implements kernel.
func (k *rtnetlink) Subscribe(ctx context.Context) (<-chan time.Time, error) {
	f, err := k.open()
	if err != nil {
		return nil, fmt.Errorf("subscribe to rtnetlink: %w", err)
	}
	hints := make(chan time.Time, 1)
	go func() {
		defer close(hints)
		defer f.Close()
		stop := context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
		receive(ctx, f, hints)
	}()
	return hints, nil
}

// open returns a socket that receives every message that can matter.
func (k *rtnetlink) open() (*os.File, error) {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK,
		unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV4_ROUTE,
		unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_NEXTHOP)
	if err != nil {
		return nil, err
	}
	// The library does not export its file. The poller needs one: duplicate it.
	fd, err := unix.FcntlInt(uintptr(s.GetFd()), unix.F_DUPFD_CLOEXEC, 0)
	s.Close()
	if err != nil {
		return nil, err
	}
	if k.rcvbuf > 0 {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, k.rcvbuf)
	}
	if !k.unfilter {
		attach(fd, filter()) // may fail: relevant decides anyway
	}
	return os.NewFile(uintptr(fd), "rtnetlink"), nil
}

func attach(fd int, prog []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(prog)), Filter: unsafe.SliceData(prog)})
}

// receive sends a hint for each message that can matter, until the socket fails
// or ctx ends, which sets f's deadline.
func receive(ctx context.Context, f *os.File, hints chan time.Time) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	hint := func() {
		now := time.Now()
		select {
		case hints <- now:
		default: // replace the waiting one
			select {
			case <-hints:
			default:
			}
			hints <- now
		}
	}
	buf := make([]byte, hintBuf)
	lost := false
	conn.Read(func(fd uintptr) (done bool) {
		for ctx.Err() == nil { // a flood never ends with EAGAIN
			n, err := unix.Read(int(fd), buf)
			switch {
			case err == nil:
				if n == len(buf) || anyRelevant(buf[:n]) {
					hint()
				}
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				// After an overrun the kernel drops messages without another
				// ENOBUFS until the queue is empty.
				if lost {
					lost = false
					hint()
				}
				return false
			case err == unix.ENOBUFS:
				lost = true
				hint()
			default:
				return true
			}
		}
		return true
	})
}

// anyRelevant reports whether a message in b can matter or is not valid.
func anyRelevant(b []byte) bool {
	for len(b) > 0 {
		m, rest, ok := nextMessage(b)
		if !ok || relevant(m) {
			return true
		}
		b = rest
	}
	return false
}

// errInterrupted and ENOBUFS are worth another dump at once.
var errInterrupted = errors.New("the tables changed while they were read")

// retryDelays are the waits before each dump: a change is over in microseconds,
// a flood is not.
var retryDelays = [...]time.Duration{0, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond}

// Tables implements kernel. It runs once at a time.
func (k *rtnetlink) Tables() (Tables, error) {
	if k.buf == nil {
		k.buf = make([]byte, dumpBuf)
	}
	var err error
	for _, wait := range retryDelays {
		time.Sleep(wait)
		var t Tables
		if t, err = k.read(); err == nil {
			return t, nil
		}
		if errors.Is(err, unix.EMSGSIZE) && len(k.buf) < maxBuf {
			k.buf = make([]byte, 2*len(k.buf))
			continue
		}
		if !errors.Is(err, errInterrupted) && !errors.Is(err, unix.ENOBUFS) {
			break
		}
	}
	return Tables{}, fmt.Errorf("read the kernel's tables: %w", err)
}

// Pause implements kernel.
func (k *rtnetlink) Pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil) // a signal may end it early, which does no harm
}

func newKernel() kernel { return new(rtnetlink) }

// Read reads the tables once, in the calling thread's network namespace.
func Read() (Tables, error) { return new(rtnetlink).Tables() }
