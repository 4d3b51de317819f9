package netwatch

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ignoreMissing drops the errors for missing tables: a namespace without routes
// of a family has no table main, and a kernel may have no IPv6.
func ignoreMissing(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	return err
}

// dumper is a netlink socket for dumps.
type dumper struct {
	fd     int
	strict bool // the kernel applies the filters in a request (since 4.20)
	seq    uint32
}

// dumpTimeout bounds the wait for an answer, which always came so far.
const dumpTimeout = 5 * time.Second

func dial() (dumper, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return dumper{}, fmt.Errorf("open a netlink socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(dumpTimeout))
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)
	strict := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1) == nil
	return dumper{fd: fd, strict: strict}, nil
}

// dump sends the request and calls f with the body of each message of type typ
// in the answer. The body is valid during the call only. The error is EMSGSIZE
// if buf is too short.
func (c *dumper) dump(buf, req []byte, typ uint16, f func(body []byte)) error {
	err := c.once(buf, req, typ, f)
	if c.strict && errors.Is(err, unix.EINVAL) {
		c.strict = false
		unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 0)
		err = c.once(buf, req, typ, f)
	}
	return err
}

func (c *dumper) once(buf, req []byte, typ uint16, f func(body []byte)) error {
	c.seq++
	native.PutUint32(req[8:], c.seq)
	if _, err := unix.Write(c.fd, req); err != nil { // without an address: to the kernel
		return err
	}
	interrupted := false
	for {
		n, err := unix.Read(c.fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == len(buf) {
			return unix.EMSGSIZE
		}
		done, err := c.parseChunk(buf[:n], typ, f, &interrupted)
		if err != nil || done {
			return err
		}
	}
}

// parseChunk reads one chunk of an answer. done is true at the answer's end.
// interrupted is kept from one chunk to the next.
func (c *dumper) parseChunk(b []byte, typ uint16, f func(body []byte), interrupted *bool) (done bool, err error) {
	for len(b) > 0 {
		m, rest, ok := nextMessage(b)
		if !ok {
			return false, unix.EBADMSG
		}
		b = rest
		if m.seq != c.seq {
			continue // of an earlier dump
		}
		if m.flags&unix.NLM_F_DUMP_INTR != 0 {
			*interrupted = true
		}
		switch m.typ {
		case typ:
			f(m.body)
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			if err = errnoOf(m.body); err == nil && *interrupted {
				err = errInterrupted
			}
			return true, err
		}
	}
	return false, nil
}

// errnoOf returns the error in the body of an NLMSG_DONE or NLMSG_ERROR: a
// negative errno; 0 or an empty body is none.
func errnoOf(b []byte) error {
	if len(b) < 4 {
		return nil
	}
	if errno := int32(native.Uint32(b)); errno < 0 {
		return unix.Errno(-errno)
	}
	return nil
}
