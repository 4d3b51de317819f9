package netwatch

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// look is where the answers gather. Its memory serves the next look, too: an
// idle daemon takes one a minute for years, and a single run of Go's garbage
// collector would leave it a third of a megabyte larger.
type look struct {
	up, before links
	tables     Tables // of this look; nobody else's
	told       Tables // returned before, so never changed again
}

// begin forgets the look before.
func (l *look) begin() {
	if l.up == nil {
		l.up, l.before = links{}, links{}
	}
	l.up, l.before = l.before, l.up
	clear(l.up)
	l.tables = Tables{l.tables.Addrs[:0], l.tables.Defaults[:0], l.tables.Null[:0]}
}

// take takes note of one message of an answer.
func (l *look) take(q question, body []byte) {
	switch q.answer {
	case unix.RTM_NEWLINK:
		l.up.parseLink(body, l.before)
	case unix.RTM_NEWADDR:
		if a, ok := l.up.parseAddr(body, q.family); ok {
			l.tables.Addrs = append(l.tables.Addrs, a)
		}
	case unix.RTM_NEWROUTE:
		r, null, isDefault, isNull := l.up.parseRoute(body, q.family)
		if isDefault {
			l.tables.Defaults = append(l.tables.Defaults, r)
		}
		if isNull {
			l.tables.Null = append(l.tables.Null, null)
		}
	}
}

// end is the tables of this look. What is as it was is shared with those of
// the look before.
func (l *look) end() Tables {
	l.told = Tables{
		asBefore(l.tables.Addrs, l.told.Addrs),
		asBefore(l.tables.Defaults, l.told.Defaults),
		asBefore(l.tables.Null, l.told.Null),
	}
	return l.told
}

func asBefore[E comparable](now, before []E) []E {
	if slices.Equal(now, before) {
		return before
	}
	return slices.Clone(now)
}

// read dumps links, addresses and routes once.
func (k *rtnetlink) read() (Tables, error) {
	c, err := dial()
	if err != nil {
		return Tables{}, err
	}
	defer unix.Close(c.fd)
	if k.questions == nil {
		k.questions = questions()
	}
	k.look.begin()
	for _, q := range k.questions {
		err := c.dump(k.buf, q.req, q.answer, func(body []byte) { k.look.take(q, body) })
		if q.answer != unix.RTM_NEWLINK {
			err = present(err)
		}
		if err != nil {
			return Tables{}, fmt.Errorf("%s: %w", q.what, err)
		}
	}
	return k.look.end(), nil
}
