package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// latencies measures one account: what homeward takes, beside the least that
// any program would.
func (b *bencher) latencies() error {
	n := b.rounds(50, 20)
	b.head(fmt.Sprintf("From a change in the kernel to hearing of it, or to the request at the service; %d times each", n), "", "median", "worst", "beside the floor")
	hear, err := b.hears(n)
	if err != nil {
		return err
	}
	get, err := b.gets(n)
	if err != nil {
		return err
	}
	both, err := b.hearsAndGets(n)
	if err != nil {
		return err
	}
	b.row("a bare netlink socket hears of it", hear.median(), hear.worst(), "")
	b.row("a GET on a new TLS connection, without any change", get.median(), get.worst(), "")
	b.row("the floor: a program that hears and GETs at once, roots in memory", both.median(), both.worst(), "1.0")
	return b.homewards(n, both.median())
}

// homewards measures homeward as it is shipped, and what two of its parts cost.
func (b *bencher) homewards(n int, floor time.Duration) error {
	for _, env := range []struct {
		name string
		vars []string
	}{
		{"homeward", []string{"GOMAXPROCS=1"}},
		{"without GOMAXPROCS=1", nil},
		{"with one root in place of the system's", []string{"GOMAXPROCS=1", "SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE=" + b.path("ca.pem")}},
	} {
		d, err := b.begin(1, env.vars...)
		if err != nil {
			return err
		}
		ipv4, _, err := b.timed(n, 1, b.prepareNothing, b.changeIPv4)
		if err != nil {
			return err
		}
		prefix, _, err := b.timed(n, 1, b.prepare, b.changePrefix)
		if err := errors.Join(err, d.stop()); err != nil {
			return err
		}
		for _, t := range []struct {
			what string
			times
		}{{"IPv4", ipv4}, {"prefix", prefix}} {
			b.row(env.name+", "+t.what, t.median(), t.worst(), ratio(t.median(), floor))
		}
	}
	return nil
}

func ratio(d, floor time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(floor)) }

// timed makes n changes, each of which leads to that many requests, and
// returns the times from the change to the first and the last of them.
func (b *bencher) timed(n, requests int, prepare, change func() error) (first, last times, err error) {
	for range n {
		if err := prepare(); err != nil {
			return nil, nil, err
		}
		began := time.Now()
		if err := change(); err != nil {
			return nil, nil, err
		}
		got, err := b.await(requests)
		if err != nil {
			return nil, nil, err
		}
		first = append(first, got[0].At.Sub(began))
		end := got[0].At
		for _, r := range got {
			if r.At.After(end) {
				end = r.At
			}
		}
		last = append(last, end.Sub(began))
		time.Sleep(30 * time.Millisecond) // the answer is read, and written down
	}
	return first, last, nil
}

// hears measures a bare socket.
func (b *bencher) hears(n int) (out times, err error) {
	for range n {
		k, began, err := b.heard()
		if err != nil {
			return nil, err
		}
		out = append(out, k.at.Sub(began))
		time.Sleep(5 * time.Millisecond)
	}
	return out, nil
}

// heard makes a change and returns its message.
func (b *bencher) heard() (k kernelEvent, began time.Time, err error) {
	for len(b.kernel) > 0 {
		<-b.kernel
	}
	began = time.Now()
	if err := b.changeIPv4(); err != nil {
		return k, began, err
	}
	select {
	case k = <-b.kernel:
		return k, began, nil
	case <-time.After(time.Second):
		return k, began, errors.New("the kernel said nothing of a change")
	}
}

// client is one that makes a new TLS connection for every request.
func (b *bencher) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(b.server.CA)
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// get makes a request that needs no key and returns when it was at the
// service.
func (b *bencher) get(c *http.Client) (at time.Time, err error) {
	r, err := c.Get(b.server.URL + "/nic/update?howismyip")
	if err != nil {
		return at, err
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	got, err := b.await(1)
	if err != nil {
		return at, err
	}
	return got[0].At, nil
}

func (b *bencher) gets(n int) (out times, err error) {
	c := b.client()
	for range n {
		began := time.Now()
		at, err := b.get(c)
		if err != nil {
			return nil, err
		}
		out = append(out, at.Sub(began))
	}
	return out, nil
}

func (b *bencher) hearsAndGets(n int) (out times, err error) {
	c := b.client()
	for range n {
		_, began, err := b.heard()
		if err != nil {
			return nil, err
		}
		at, err := b.get(c)
		if err != nil {
			return nil, err
		}
		out = append(out, at.Sub(began))
		time.Sleep(5 * time.Millisecond)
	}
	return out, nil
}

// growth measures what more accounts and more routes cost.
func (b *bencher) growth() error {
	n := b.rounds(10, 3)
	b.head(fmt.Sprintf("As it grows, an IPv4 change, %d times each", n), "accounts", "routes", "first request, median", "worst", "last request, median", "worst")
	for _, size := range []struct{ accounts, routes int }{{1, 10}, {10, 10}, {100, 10}, {1, 1000}, {1, 100_000}} {
		if err := b.router.FloodRoutes("br-lan", size.routes); err != nil {
			return err
		}
		d, err := b.begin(size.accounts, "GOMAXPROCS=1")
		if err != nil {
			return err
		}
		first, last, err := b.timed(n, size.accounts, b.prepareNothing, b.changeIPv4)
		if err := errors.Join(err, d.stop(), b.router.DrainRoutes("br-lan", size.routes)); err != nil {
			return err
		}
		b.row(size.accounts, size.routes, first.median(), first.worst(), last.median(), last.worst())
	}
	return nil
}
