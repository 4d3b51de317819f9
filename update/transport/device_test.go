package transport

import (
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// An older kernel lets only a privileged process bind a socket to a device. So
// does this one, once a socket is bound.
func TestDeviceOfAnOldKernelIsAnErrorThatSaysSo(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends without its capabilities
		var caps [2]unix.CapUserData
		if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &caps[0]); err != nil {
			t.Errorf("give up the capabilities: %v", err)
			return
		}
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		s, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Error(err)
			return
		}
		if err := prepare(s, "lo"); err != nil {
			t.Errorf("bind to lo: %v", err)
		}
		if err := prepare(s, "lo"); err == nil || !strings.Contains(err.Error(), "needs Linux 5.7") {
			t.Errorf("bind without the right: %v", err)
		}
	}()
	<-done
}
