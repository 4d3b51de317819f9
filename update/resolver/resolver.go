// Package resolver is a stub resolver: it asks the name servers of resolv.conf,
// the next one beside one that is silent.
package resolver

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver resolves names as this machine is set to. Its files are read afresh
// for each lookup, and while one waits. Names are absolute: search domains are
// never used.
type Resolver struct {
	Conf  string // "": /etc/resolv.conf
	Hosts string // "": /etc/hosts

	query func(context.Context, netip.AddrPort, Question) (Reply, error) // Query, but for a test of the schedule
}

// Lookup is what has come of asking for one type of record.
type Lookup struct {
	Reply
	Server netip.Addr // who has answered, invalid: the hosts file
	Err    error      // no server has answered; its text says why, and who was asked
}

// Lookup asks for the records of a type that a name has, until a server
// answers or ctx ends. tell is called from the same goroutine: each time when
// all servers have failed, and once, at the end, with the answer or with what
// there was in its place.
func (r Resolver) Lookup(ctx context.Context, name string, typ dnsmessage.Type, tell func(Lookup)) {
	q := Question{Name: name, Type: typ, Recurse: true}
	if _, err := q.pack(0); err != nil {
		tell(Lookup{Err: err})
		return
	}
	if own := hosts(cmp.Or(r.Hosts, "/etc/hosts"), name); own != nil && typ != dnsmessage.TypeNS {
		var l Lookup
		for _, a := range own {
			if a.Is4() == (typ == dnsmessage.TypeA) {
				l.Addrs = append(l.Addrs, a)
			}
		}
		tell(l)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := lookingUp{Resolver: r, begin: time.Now(), results: make(chan result), timer: time.NewTimer(0)}
	defer w.timer.Stop()
	for {
		select {
		case <-ctx.Done():
			tell(Lookup{Err: w.failure()})
			return
		case <-w.timer.C:
			w.ask(ctx, q)
		case s := <-w.results:
			if s.answers() {
				tell(Lookup{Reply: s.reply, Server: s.server.Addr()})
				return
			}
			if w.fail(ctx, q, s) {
				tell(Lookup{Err: w.failure()})
			}
		}
	}
}

// lookingUp is a lookup under way.
type lookingUp struct {
	Resolver
	schedule schedule
	begin    time.Time
	results  chan result
	timer    *time.Timer
	silent   []string // who was asked and said nothing yet
	last     string   // how the last failed, "" while none has
}

// result is what has come of asking one server.
type result struct {
	server netip.AddrPort
	round  int
	reply  Reply
	err    error
}

// answers tells whether it settles the question: a name that does not exist
// does, a server in trouble does not.
func (s result) answers() bool {
	return s.err == nil && !s.reply.lame && (s.reply.Code == dnsmessage.RCodeSuccess || s.reply.Code == dnsmessage.RCodeNameError)
}

// ask asks whoever is due.
func (w *lookingUp) ask(ctx context.Context, q Question) {
	query := w.query
	if query == nil {
		query = Query
	}
	for {
		server, due := w.schedule.next(time.Since(w.begin), servers(cmp.Or(w.Conf, "/etc/resolv.conf")))
		if !due {
			break
		}
		s := result{server: server, round: w.schedule.round}
		w.silent = append(w.silent, server.Addr().String())
		go func() {
			s.reply, s.err = query(ctx, server, q)
			select {
			case w.results <- s:
			case <-ctx.Done():
			}
		}()
	}
	w.timer.Reset(w.schedule.at - time.Since(w.begin))
}

// fail takes note of a server that did not answer, and asks the next. It returns
// true where all have failed.
func (w *lookingUp) fail(ctx context.Context, q Question, s result) bool {
	w.last = s.words() + " (asked " + s.server.Addr().String() + ")"
	all := w.schedule.fail(time.Since(w.begin), s.round, s.server)
	if !all {
		w.ask(ctx, q)
	}
	return all
}

// failure says why there is no answer.
func (w *lookingUp) failure() error {
	if w.last != "" {
		return errors.New(w.last)
	}
	var names []string
	for _, s := range w.silent {
		if !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return errors.New("no answer (asked " + strings.Join(names, ", ") + ")")
}

// words says what a server that did not answer said.
func (s result) words() string {
	var no syscall.Errno
	var op *net.OpError
	switch {
	case errors.As(s.err, &no):
		return no.Error()
	case errors.As(s.err, &op):
		return op.Err.Error()
	case s.err != nil:
		return s.err.Error()
	case s.reply.Code == dnsmessage.RCodeServerFailure:
		return "the name server has trouble (SERVFAIL)"
	case s.reply.Code == dnsmessage.RCodeRefused || s.reply.lame:
		return "the name server refuses to answer"
	}
	return "the name server answers with error " + strconv.Itoa(int(s.reply.Code))
}
