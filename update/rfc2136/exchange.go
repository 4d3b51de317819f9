package rfc2136

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Result is what the server has answered for hosts of one zone.
type Result struct {
	Zone  string // "" if it is not known
	Hosts []string
	Code  Code
}

// Exchange makes the update over a connection to the name server: it asks for the
// zones that are not given, and sends one message for all hosts of a zone. If the
// server does not know the key, or does not speak DNS, that is the only result.
// The error is a ClockError, or the connection's; the server may have made the
// update then.
func (u Update) Exchange(conn io.ReadWriter, now func() time.Time) ([]Result, error) {
	c := conversation{conn, u.Key, now}
	zones, err := c.zones(u)
	if err != nil {
		return nil, err
	}
	for i, z := range zones {
		if z.Code != NoError {
			continue
		}
		part := u
		part.Zone, part.Hosts = z.Zone, z.Hosts
		r, err := part.Sign(messageID(), now())
		if err != nil {
			return nil, err
		}
		reply, err := c.ask(r)
		if err != nil {
			return nil, err
		}
		if zones[i].Code = reply.Code; reply.Code == NoReply {
			return zones[i : i+1], nil
		}
	}
	return zones, nil
}

// conversation is one connection to a name server.
type conversation struct {
	conn io.ReadWriter
	key  Key
	now  func() time.Time
}

// zones returns the hosts by zone, in their order, or a single Result that ends the
// exchange.
func (c conversation) zones(u Update) ([]Result, error) {
	if u.Zone != "" {
		return []Result{{Zone: u.Zone, Hosts: u.Hosts}}, nil
	}
	var zones []Result
	for _, host := range u.Hosts {
		zone, code, err := c.findZone(host)
		if err != nil {
			return nil, err
		}
		if code == BadKey || code == BadSig || code == NoReply {
			return []Result{{Hosts: []string{host}, Code: code}}, nil
		}
		i := slices.IndexFunc(zones, func(z Result) bool { return z.Zone == zone && z.Code == code })
		if i < 0 {
			i = len(zones)
			zones = append(zones, Result{Zone: zone, Code: code})
		}
		zones[i].Hosts = append(zones[i].Hosts, host)
	}
	return zones, nil
}

// findZone returns the longest parent of a host, or itself, that the server answers
// SOA for. The code is NoZone if there is none, Unsigned if nothing was signed
// (Knot does not sign that it has no such zone), or why the server does not answer.
func (c conversation) findZone(host string) (zone string, code Code, err error) {
	code = Unsigned
	for name, more := strings.TrimSuffix(host, "."), true; more; _, name, more = strings.Cut(name, ".") {
		r, err := c.key.question(name, messageID(), c.now())
		if err != nil {
			return "", 0, err
		}
		reply, err := c.ask(r)
		if err != nil {
			return "", 0, err
		}
		switch reply.Code {
		case Unsigned:
		case NoError, nxDomain, Refused, NotAuth:
			if code = NoZone; reply.Zone != "" {
				return strings.ToLower(strings.TrimSuffix(reply.Zone, ".")), NoError, nil
			}
		default:
			return "", reply.Code, nil
		}
	}
	return "", code, nil
}

// nxDomain is no answer to an update.
const nxDomain Code = 3

// ask sends a message and returns its verified answer. An answer that nothing
// proves is a code.
func (c conversation) ask(r Request) (Reply, error) {
	if _, err := c.conn.Write(r.wire); err != nil {
		return Reply{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c.conn, size[:]); err != nil {
		return Reply{}, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c.conn, msg); err == io.EOF {
		return Reply{}, io.ErrUnexpectedEOF
	} else if err != nil {
		return Reply{}, err
	}
	reply, err := r.Parse(msg, c.now())
	switch err {
	case errNoReply:
		return Reply{Code: NoReply}, nil
	case errUnsigned:
		return Reply{Code: Unsigned}, nil
	case errSignature:
		return Reply{Code: BadSignature}, nil
	}
	return reply, err
}

// messageID returns an id for a message; the signature proves the answer, not the
// id.
func messageID() uint16 { return uint16(rand.Uint32()) }
