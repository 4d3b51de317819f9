package daemon

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// forgoPrivileges keeps set-user-ID programs from giving privileges to this process
// and its children (PR_SET_NO_NEW_PRIVS, prctl(2)): procd does so only in a jail.
// It is called before anything is read.
func forgoPrivileges() {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno == 0 {
		return
	}
	// With cgo, as in tests: this thread, and those it starts.
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	runtime.UnlockOSThread()
}
