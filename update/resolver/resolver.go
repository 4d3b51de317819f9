// Package resolver is a stub resolver: it asks the name servers of resolv.conf,
// and the next one in parallel when one does not answer soon.
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

// Resolver resolves names by the name servers and the hosts file of this machine.
// It reads the files for each lookup, and again while one waits. Names are
// absolute: search domains are not used. It is safe for concurrent use.
type Resolver struct {
	Conf  string // "": /etc/resolv.conf
	Hosts string // "": /etc/hosts

	query func(context.Context, netip.AddrPort, Question) (Reply, error) // nil: Query; set by tests of the schedule
}

// Lookup is the result of looking up one type of record.
type Lookup struct {
	Reply
	Server netip.Addr // the server that answered, invalid: the hosts file
	Err    error      // no server has answered; its text says why, and which were asked
}

// Lookup looks up a name's records of a type until a server answers or ctx ends.
// It calls tell from the caller's goroutine: each time all servers have failed,
// and once at the end, with the answer or the error.
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

// lookingUp is a running lookup.
type lookingUp struct {
	Resolver
	schedule schedule
	begin    time.Time
	results  chan result
	timer    *time.Timer
	silent   []string // the servers asked
	last     string   // the last failure, "" if none
}

// result is the result of asking one server.
type result struct {
	server netip.AddrPort
	round  int
	reply  Reply
	err    error
}

// answers reports whether s ends the lookup: NXDOMAIN does, SERVFAIL does not.
func (s result) answers() bool {
	return s.err == nil && !s.reply.lame && (s.reply.Code == dnsmessage.RCodeSuccess || s.reply.Code == dnsmessage.RCodeNameError)
}

// ask starts the queries that are due.
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

// fail records a server's failure and asks the next. It returns true if all have
// failed.
func (w *lookingUp) fail(ctx context.Context, q Question, s result) bool {
	w.last = s.words() + " (asked " + s.server.Addr().String() + ")"
	all := w.schedule.fail(time.Since(w.begin), s.round, s.server)
	if !all {
		w.ask(ctx, q)
	}
	return all
}

// failure returns why there is no answer.
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

// words returns the failure of s in words.
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
