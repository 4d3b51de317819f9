package main

import (
	"fmt"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelEvent is one message of the kernel that can matter to homeward.
type kernelEvent struct {
	at   time.Time
	text string // for people, "" where it says nothing new to them
}

// ear is a bare netlink socket beside homeward's: what the kernel says, and
// when a program can know it at the earliest.
type ear struct {
	tell func(kernelEvent)

	mu   sync.Mutex
	last []time.Time // of the messages that matter, the latest ones

	names map[int]string  // of the links, by index
	addrs map[string]bool // those that are there, in words
}

// listen starts an ear in this namespace. tell is called from its goroutine.
func listen(tell func(kernelEvent)) (*ear, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("listen to the kernel: %w", err)
	}
	var groups uint32
	for _, g := range []uint32{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE} {
		groups |= 1 << (g - 1)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return nil, fmt.Errorf("listen to the kernel: %w", err)
	}
	e := &ear{tell: tell, names: map[int]string{}, addrs: map[string]bool{}}
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := unix.Read(fd, buf)
			now := time.Now()
			if err == unix.EINTR || err == unix.ENOBUFS { // a flood: what is lost was not ours to tell
				continue
			}
			if err != nil {
				return
			}
			if msgs, err := syscall.ParseNetlinkMessage(buf[:n]); err == nil {
				e.hear(now, msgs)
			}
		}
	}()
	return e, nil
}

func (e *ear) hear(now time.Time, msgs []syscall.NetlinkMessage) {
	for _, m := range msgs {
		text, matters := e.read(m)
		if !matters {
			continue
		}
		e.mu.Lock()
		if len(e.last) == 1000 {
			e.last = append(e.last[:0], e.last[500:]...)
		}
		e.last = append(e.last, now)
		e.mu.Unlock()
		e.tell(kernelEvent{now, text})
	}
}

// before returns when the last message that can matter came before t.
func (e *ear) before(t time.Time) (last time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, at := range e.last {
		if at.Before(t) {
			last = at
		}
	}
	return last
}
