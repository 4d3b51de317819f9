package daemon

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// forgoPrivileges makes sure that nothing this process ever runs gains a
// privilege by a set-user-ID program (PR_SET_NO_NEW_PRIVS, prctl(2)). procd
// sets it in a jail alone. It is called before anything is read.
func forgoPrivileges() {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno == 0 {
		return
	}
	// With cgo, as in tests: the present thread, and those it starts.
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	runtime.UnlockOSThread()
}
