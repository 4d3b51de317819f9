package netwatchtest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// AddTunnel makes a tun device, up, as a VPN's program does. It is gone when
// the file is closed.
func (r *Router) AddTunnel(dev string) (*os.File, error) {
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	req, err := unix.NewIfreq(dev)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, req)
	}
	if err == nil {
		err = r.LinkUp(dev)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", dev, err)
	}
	return f, nil
}
