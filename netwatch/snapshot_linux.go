package netwatch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// snapshot is where the answers gather. Its memory serves later looks, too: an
// idle daemon takes one a minute for years, and a single run of Go's garbage
// collector would leave it a third of a megabyte larger.
type snapshot struct {
	up, before links
	ring       [snapshotRing]Tables
	latest     int // of the ring: what was returned last
	hops       nexthops
}

// snapshotRing is how many Tables there are: one that is being read, and the last
// snapshotRing-1 that differ from the one before them, which stay as they are.
const snapshotRing = 8

// next is where the tables of this look gather.
func (l *snapshot) next() *Tables { return &l.ring[(l.latest+1)%snapshotRing] }

// begin forgets the look before.
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

// end is the tables of this look, those of the look before if they are equal.
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
	k.look.begin()
	for _, q := range k.requests {
		if err := k.ask(&c, q); err != nil {
			return Tables{}, err
		}
	}
	if t := k.look.next(); t.nexthopsNamed() {
		if err := k.ask(&c, k.nexthops); err != nil {
			return Tables{}, err
		}
		t.resolveNexthops(&k.look.hops, k.look.up)
	}
	return k.look.end(), nil
}

// ask has the look take note of the answer to q.
func (k *rtnetlink) ask(c *dumper, q dumpRequest) error {
	err := c.dump(k.buf, q.req, q.answer, func(body []byte) { k.look.add(q, body) })
	if q.answer != unix.RTM_NEWLINK {
		err = ignoreMissing(err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.what, err)
	}
	return nil
}
