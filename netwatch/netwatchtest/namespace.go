package netwatchtest

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace beside the process's own.
type namespace struct{ file *os.File }

func ownNamespace() (*os.File, error) {
	return os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
}

// newNamespace makes an empty one.
func newNamespace() (*namespace, error) {
	var ns namespace
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		ns.file, err = ownNamespace()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &ns, nil
}

// do runs f on a thread that is in the namespace. Sockets that f opens stay in
// it; goroutines that f starts are not in it.
func (ns *namespace) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network namespace: %w", err)
		}
		return f()
	})
}

// onThread runs f on a thread that may change its namespace, and ends it: what
// f changed is nobody's afterwards.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with this goroutine
		done <- f()
	}()
	return <-done
}
