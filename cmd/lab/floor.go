package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"time"
)

// floors measures the least that any program would take, and returns the
// median of what hears of a change and asks the service at once.
func (b *bencher) floors(n int) (time.Duration, error) {
	hear, err := b.hears(n)
	if err != nil {
		return 0, err
	}
	get, err := b.gets(n)
	if err != nil {
		return 0, err
	}
	both, err := b.hearsAndGets(n)
	if err != nil {
		return 0, err
	}
	b.row("a bare netlink socket hears of it", hear.median(), hear.worst(), "")
	b.row("a GET on a new TLS connection, without any change", get.median(), get.worst(), "")
	b.row("the floor: a program that hears and GETs at once, roots in memory", both.median(), both.worst(), "1.0")
	return both.median(), nil
}

// hears measures a bare socket.
func (b *bencher) hears(n int) (out times, err error) {
	for range n {
		k, began, err := b.nextMessage()
		if err != nil {
			return nil, err
		}
		out = append(out, k.at.Sub(began))
		time.Sleep(5 * time.Millisecond)
	}
	return out, nil
}

// nextMessage makes a change and returns its message.
func (b *bencher) nextMessage() (k kernelEvent, began time.Time, err error) {
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
		_, began, err := b.nextMessage()
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
