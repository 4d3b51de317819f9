package netwatch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// snapshot collects the answers of one reading. Later readings reuse its
// memory: an idle daemon reads once a minute for years, and one run of the
// garbage collector would add a third of a megabyte to its size.
type snapshot struct {
	up, before links
	ring       [snapshotRing]Tables
	latest     int // index in ring of the tables returned last
	hops       nexthops
}

// snapshotRing is the number of Tables: one being read, and the last
// snapshotRing-1 that differ from the one before, which stay unchanged.
const snapshotRing = 8

// next returns the tables being read.
func (l *snapshot) next() *Tables { return &l.ring[(l.latest+1)%snapshotRing] }

// begin starts a reading.
func (l *snapshot) begin() {
	if l.up == nil {
		l.up, l.before = links{}, links{}
	}
	clear(l.up)
	l.hops.reset()
	t := l.next()
	*t = Tables{t.Addrs[:0], t.Defaults[:0], t.Unreachable[:0]}
}

// add records one message of an answer.
func (l *snapshot) add(q dumpRequest, body []byte) {
	t := l.next()
	switch q.answer {
	case unix.RTM_NEWLINK:
		l.up.parseLink(body, l.before)
	case unix.RTM_NEWADDR:
		if a, ok := l.up.parseAddr(body, q.family); ok {
			t.Addrs = append(t.Addrs, a)
		}
	case unix.RTM_NEWNEXTHOP:
		l.hops.parse(body)
	case unix.RTM_NEWROUTE:
		r, null, isDefault, isNull := l.up.parseRoute(body, q.family)
		if isDefault {
			t.Defaults = append(t.Defaults, r)
		}
		if isNull {
			t.Unreachable = append(t.Unreachable, null)
		}
	}
}

// end returns the tables of this reading, or those of the last one if equal.
func (l *snapshot) end() Tables {
	l.up, l.before = l.before, l.up
	if t := l.next(); !t.Equal(l.ring[l.latest]) {
		l.latest = (l.latest + 1) % snapshotRing
	}
	return l.ring[l.latest]
}

// read dumps links, addresses and routes once.
func (k *rtnetlink) read() (Tables, error) {
	c, err := dial()
	if err != nil {
		return Tables{}, err
	}
	defer unix.Close(c.fd)
	if k.requests == nil {
		k.requests, k.nexthops = dumpRequests(), nexthopRequest()
	}
	k.snapshot.begin()
	for _, q := range k.requests {
		if err := k.ask(&c, q); err != nil {
			return Tables{}, err
		}
	}
	if t := k.snapshot.next(); t.nexthopsNamed() {
		if err := k.ask(&c, k.nexthops); err != nil {
			return Tables{}, err
		}
		t.resolveNexthops(&k.snapshot.hops, k.snapshot.up)
	}
	return k.snapshot.end(), nil
}

// ask sends q and records the answer.
func (k *rtnetlink) ask(c *dumper, q dumpRequest) error {
	err := c.dump(k.buf, q.req, q.answer, func(body []byte) { k.snapshot.add(q, body) })
	if q.answer != unix.RTM_NEWLINK {
		err = ignoreMissing(err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.what, err)
	}
	return nil
}
