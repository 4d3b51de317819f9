package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// partWithin is how long to wait for the whole answer over TCP if a truncated one
// has records already.
const partWithin = 300 * time.Millisecond

// Query asks one name server until it answers or ctx ends: over UDP, from a
// random port that the kernel chooses, and over TCP if the answer is truncated.
// If TCP fails, the truncated answer is the reply. Query ignores messages that
// do not answer the question: anybody can send them.
func Query(ctx context.Context, server netip.AddrPort, q Question) (Reply, error) {
	id := uint16(rand.Uint32())
	msg, err := q.pack(id)
	if err != nil {
		return Reply{}, err
	}
	r, err := overUDP(ctx, server, q, id, msg)
	if err != nil || !r.Cut {
		return r, err
	}
	if len(r.Addrs)+len(r.Names) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, partWithin)
		defer cancel()
	}
	whole, err := overTCP(ctx, server, q, id, msg)
	if err != nil && len(r.Addrs)+len(r.Names) > 0 {
		return r, nil
	}
	return whole, err
}

func overUDP(ctx context.Context, server netip.AddrPort, q Question, id uint16, msg []byte) (Reply, error) {
	conn, err := new(net.Dialer).DialUDP(ctx, "udp", netip.AddrPort{}, server)
	if err != nil {
		return Reply{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(msg[2:]); err != nil {
		return Reply{}, err
	}
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return Reply{}, err
		}
		if r, err := q.parse(id, b[:n]); err == nil {
			return r, nil
		}
	}
}

func overTCP(ctx context.Context, server netip.AddrPort, q Question, id uint16, msg []byte) (Reply, error) {
	conn, err := new(net.Dialer).DialTCP(ctx, "tcp", netip.AddrPort{}, server)
	if err != nil {
		return Reply{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	binary.BigEndian.PutUint16(msg, uint16(len(msg)-2))
	if _, err := conn.Write(msg); err != nil {
		return Reply{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return Reply{}, err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return Reply{}, err
	}
	r, err := q.parse(id, b)
	if err == nil && r.Cut && len(r.Addrs)+len(r.Names) == 0 {
		err = errors.New("the answer is cut over TCP, too")
	}
	return r, err
}
