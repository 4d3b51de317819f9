package rfc2136

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
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
func (u *Update) Exchange(conn io.ReadWriter, now func() time.Time) ([]Result, error) {
	c := conversation{conn, u, now}
	zones := []Result{{Zone: u.Zone, Hosts: u.Hosts}}
	if u.Zone == "" {
		zones = nil
		for _, host := range u.Hosts {
			found, err := c.findZone(host)
			if err != nil {
				return nil, err
			}
			zones = addHost(zones, found, host)
			if found.Code == BadKey || found.Code == BadSig || found.Code == NoReply {
				return zones[len(zones)-1:], nil
			}
		}
	}
	part := *u
	for i := range zones {
		z := &zones[i]
		if z.Code != NoError {
			continue
		}
		part.Zone, part.Hosts = z.Zone, z.Hosts
		r, err := part.Sign(messageID(), now())
		reply, err := c.ask(r, err)
		if err != nil {
			return nil, err
		}
		if z.Code = reply.Code; z.Code == NoReply {
			return zones[i : i+1], nil
		}
	}
	return zones, nil
}

// addHost adds a host to those of its zone.
func addHost(zones []Result, found Reply, host string) []Result {
	for i := range zones {
		if z := &zones[i]; z.Zone == found.Zone && z.Code == found.Code {
			z.Hosts = append(z.Hosts, host)
			return zones
		}
	}
	return append(zones, Result{found.Zone, []string{host}, found.Code})
}

// conversation is one connection to a name server.
type conversation struct {
	conn io.ReadWriter
	u    *Update
	now  func() time.Time
}

// findZone returns the longest parent of a host, or itself, that the server answers
// SOA for. The code is NoZone if there is none, Unsigned if nothing was signed
// (Knot does not sign that it has no such zone), or why the server does not answer.
func (c *conversation) findZone(host string) (Reply, error) {
	found := Reply{Code: Unsigned}
	for name := canonical(host); name != ""; _, name, _ = strings.Cut(name, ".") {
		r, err := c.u.Key.question(name, messageID(), c.now())
		reply, err := c.ask(r, err)
		if err != nil {
			return reply, err
		}
		switch reply.Code {
		case Unsigned:
		case NoError, nxDomain, Refused, NotAuth:
			if found.Code = NoZone; reply.Zone != "" {
				return Reply{NoError, reply.Zone}, nil
			}
		default:
			return reply, nil
		}
	}
	return found, nil
}

// messageID returns an id for a message: the signature proves the answer, not the
// id.
func messageID() uint16 { return uint16(rand.Uint32()) }

// ask sends a message, which was signed unless there is an error, and returns its
// answer.
func (c *conversation) ask(r *Request, err error) (Reply, error) {
	if err != nil {
		return Reply{}, err
	}
	if _, err := c.conn.Write(r.wire); err != nil {
		return Reply{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c.conn, size[:]); err != nil {
		return Reply{}, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c.conn, msg); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Reply{}, err
	}
	return r.Parse(msg, c.now())
}
