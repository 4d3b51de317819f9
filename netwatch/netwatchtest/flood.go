package netwatchtest

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// FloodRoutes adds n IPv4 host routes to dev in table main, in 10.0.0.0/8;
// DrainRoutes takes them again. Each is a message to every subscriber.
func (r *Router) FloodRoutes(dev string, n int) error {
	return r.flood(dev, n, unix.RTM_NEWROUTE, unix.NLM_F_CREATE)
}

func (r *Router) DrainRoutes(dev string, n int) error {
	return r.flood(dev, n, unix.RTM_DELROUTE, 0)
}

// floodBatch is how many requests go in one send: as many as a socket's
// buffer takes.
const floodBatch = 500

func (r *Router) flood(dev string, n int, typ, flags uint16) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	wait := unix.NsecToTimeval(int64(10 * time.Second))
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	answer := make([]byte, 4096)
	for i := 0; i < n; {
		var batch []byte
		for range min(floodBatch, n-i) {
			f := flags | unix.NLM_F_REQUEST
			if i == n-1 || len(batch) >= (floodBatch-1)*floodSize {
				f |= unix.NLM_F_ACK // of the last one is enough
			}
			batch = floodRoute(batch, typ, f, uint32(i), uint32(l.Attrs().Index))
			i++
		}
		if err := unix.Sendto(fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return fmt.Errorf("flood routes: %w", err)
		}
		got, err := unix.Read(fd, answer)
		if err != nil {
			return fmt.Errorf("flood routes: %w", err)
		}
		if got < unix.SizeofNlMsghdr+4 {
			return fmt.Errorf("flood routes: an answer of %d bytes", got)
		}
		if e := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); e != 0 {
			return fmt.Errorf("flood routes: %w", unix.Errno(-e))
		}
	}
	return nil
}

// floodSize is the length of one request of a flood.
const floodSize = unix.SizeofNlMsghdr + unix.SizeofRtMsg + 8 + 8

// floodRoute appends a request for the i'th host route.
func floodRoute(b []byte, typ, flags uint16, i, index uint32) []byte {
	n := binary.NativeEndian
	b = n.AppendUint32(b, floodSize)
	b = n.AppendUint16(n.AppendUint16(b, typ), flags)
	b = append(b, make([]byte, 8)...)
	b = append(b, unix.AF_INET, 32, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0)
	b = n.AppendUint16(n.AppendUint16(b, 8), unix.RTA_DST)
	b = binary.BigEndian.AppendUint32(b, 10<<24|i)
	b = n.AppendUint16(n.AppendUint16(b, 8), unix.RTA_OIF)
	return n.AppendUint32(b, index)
}
