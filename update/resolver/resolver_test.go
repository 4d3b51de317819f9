package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// file writes a file and returns its path.
func file(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func conf(t *testing.T, servers ...string) string {
	var lines []string
	for _, s := range servers {
		lines = append(lines, "nameserver 192.0.2."+s)
	}
	return file(t, lines...)
}

// TestWhoIsAskedWhen: to the millisecond, in fake time.
func TestWhoIsAskedWhen(t *testing.T) {
	type answer struct {
		after int // ms; servers that do not stand here are silent
		code  dnsmessage.RCode
		err   error
	}
	ok := answer{after: 20}
	refuses := answer{after: 5, code: dnsmessage.RCodeRefused}
	for _, tt := range []struct {
		name    string
		servers []string
		answers map[string]answer
		within  int // ms
		want    string
	}{
		{"the first answers", []string{"1", "2"}, map[string]answer{"1": ok}, 8000, "1@0s | 20ms [192.0.2.9]"},
		{"the first is silent", []string{"1", "2"}, map[string]answer{"2": ok}, 8000, "1@0s 2@300ms | 320ms [192.0.2.9]"},
		{"two are silent", []string{"1", "2", "3"}, map[string]answer{"3": ok}, 8000, "1@0s 2@300ms 3@600ms | 620ms [192.0.2.9]"},
		{"the first is slow, and its answer counts all the same", []string{"1", "2"}, map[string]answer{"1": {after: 700}}, 8000,
			"1@0s 2@300ms 1@600ms | 700ms [192.0.2.9]"},
		{"the first refuses", []string{"1", "2"}, map[string]answer{"1": refuses, "2": ok}, 8000, "1@0s 2@5ms | 25ms [192.0.2.9]"},
		{"the first is in trouble", []string{"1", "2"}, map[string]answer{"1": {after: 5, code: dnsmessage.RCodeServerFailure}, "2": ok}, 8000, "1@0s 2@5ms | 25ms [192.0.2.9]"},
		{"the first cannot read EDNS0, or us", []string{"1", "2"}, map[string]answer{"1": {after: 5, code: dnsmessage.RCodeFormatError}, "2": ok}, 8000, "1@0s 2@5ms | 25ms [192.0.2.9]"},
		{"nobody is there at the first", []string{"1", "2"}, map[string]answer{"1": {after: 1, err: syscall.ECONNREFUSED}, "2": ok}, 8000, "1@0s 2@1ms | 21ms [192.0.2.9]"},
		{"no such name is an answer", []string{"1", "2"}, map[string]answer{"1": {after: 5, code: dnsmessage.RCodeNameError}, "2": ok}, 8000, "1@0s | 5ms RCodeNameError"},
		{"all refuse: said at once, and asked again meanwhile", []string{"1", "2"}, map[string]answer{"1": refuses, "2": refuses}, 1000,
			"1@0s 2@5ms | 10ms the name server refuses to answer (asked 192.0.2.2) | 1@305ms 2@310ms | 315ms the name server refuses to answer (asked 192.0.2.2)" +
				" | 1@910ms 2@915ms | 920ms the name server refuses to answer (asked 192.0.2.2) | | 1s the name server refuses to answer (asked 192.0.2.2)"},
		{"all are silent", []string{"1", "2"}, nil, 2500, "1@0s 2@300ms 1@600ms 2@900ms 1@1.5s 2@1.8s | 2.5s no answer (asked 192.0.2.1, 192.0.2.2)"},
		{"one is silent, and asked again", []string{"1"}, nil, 8000, "1@0s 1@300ms 1@900ms 1@2.1s 1@4.5s | 8s no answer (asked 192.0.2.1)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := conf(t, tt.servers...)
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var mu sync.Mutex
				var log []string
				note := func(format string, v ...any) {
					mu.Lock()
					defer mu.Unlock()
					log = append(log, fmt.Sprintf(format, v...))
				}
				r := Resolver{Conf: path, Hosts: "/nowhere"}
				r.query = func(ctx context.Context, s netip.AddrPort, q Question) (Reply, error) {
					name := strings.TrimPrefix(s.Addr().String(), "192.0.2.")
					note("%s@%v", name, time.Since(begin))
					a, there := tt.answers[name]
					if !there {
						<-ctx.Done()
						return Reply{}, ctx.Err()
					}
					select {
					case <-time.After(time.Duration(a.after) * time.Millisecond):
						reply := Reply{Code: a.code}
						if a.code == 0 {
							reply.Addrs = []netip.Addr{netip.MustParseAddr("192.0.2.9")}
						}
						return reply, a.err
					case <-ctx.Done():
						return Reply{}, ctx.Err()
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(tt.within)*time.Millisecond)
				defer cancel()
				r.Lookup(ctx, "home.example", dnsmessage.TypeA, func(l Lookup) {
					switch {
					case l.Err != nil:
						note("| %v %v |", time.Since(begin), l.Err)
					case l.Code != 0:
						note("| %v %v |", time.Since(begin), l.Code)
					default:
						note("| %v %v |", time.Since(begin), l.Addrs)
					}
				})
				cancel()
				synctest.Wait()
				if got := strings.TrimSuffix(strings.Join(log, " "), " |"); got != tt.want {
					t.Errorf("%s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// Another resolv.conf is taken note of while a lookup waits: dnsmasq gets its
// servers when the line is up.
func TestAReplacedConfigurationIsSeenWhileALookupWaits(t *testing.T) {
	path := conf(t, "1")
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		begin := time.Now()
		r := Resolver{Conf: path, Hosts: "/nowhere"}
		r.query = func(ctx context.Context, s netip.AddrPort, q Question) (Reply, error) {
			asked = append(asked, s.Addr().String()+" "+time.Since(begin).String())
			if s.Addr().String() == "192.0.2.2" {
				return Reply{}, nil
			}
			if err := os.WriteFile(path, []byte("nameserver 192.0.2.2\n"), 0o600); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return Reply{}, ctx.Err()
		}
		r.Lookup(t.Context(), "home.example", dnsmessage.TypeA, func(Lookup) {})
		if got := strings.Join(asked, ", "); got != "192.0.2.1 0s, 192.0.2.2 300ms" {
			t.Errorf("asked %s", got)
		}
	})
}

func TestNameServersOfAResolvConf(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"nameserver 127.0.0.1", "[127.0.0.1:53]"},
		{"# nameserver 192.0.2.8\nsearch lan\nnameserver 192.0.2.1 # the first\nnameserver\nnameserver x\n; nameserver 192.0.2.9\nnameserver 192.0.2.1\n\tnameserver  fe80::1%lo\n",
			"[192.0.2.1:53 [fe80::1%lo]:53]"},
		{"", "[127.0.0.1:53 [::1]:53]"},
		{strings.Repeat("nameserver 192.0.2.1\n", 9) + "nameserver 192.0.2.2", "[192.0.2.1:53 192.0.2.2:53]"},
	} {
		if got := fmt.Sprint(servers(file(t, tt.text))); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.text, got, tt.want)
		}
	}
	if got := fmt.Sprint(servers("/nowhere")); got != "[127.0.0.1:53 [::1]:53]" {
		t.Errorf("no file: %s", got)
	}
}

// The hosts file is asked before any server, as everywhere; no name is asked
// for below a search domain.
func TestNamesOfTheHostsFile(t *testing.T) {
	path := file(t, "# 192.0.2.9 home.example", "192.0.2.1 home home.EXAMPLE # ours", "2001:db8::1\thome.example", "x home.example")
	for _, tt := range []struct {
		name string
		typ  dnsmessage.Type
		want string
	}{
		{"home.example", dnsmessage.TypeA, "[192.0.2.1]"}, {"Home.example.", dnsmessage.TypeAAAA, "[2001:db8::1]"}, {"home", dnsmessage.TypeAAAA, "[]"},
		{"localhost", dnsmessage.TypeA, "[127.0.0.1]"}, {"localhost", dnsmessage.TypeAAAA, "[::1]"}, {"other", dnsmessage.TypeA, "asked for other"},
	} {
		r := Resolver{Conf: conf(t, "1"), Hosts: path}
		r.query = func(_ context.Context, _ netip.AddrPort, q Question) (Reply, error) {
			return Reply{}, errors.New("asked for " + q.Name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got string
		r.Lookup(ctx, tt.name, tt.typ, func(l Lookup) {
			if got = fmt.Sprint(l.Addrs); l.Err != nil {
				got, _, _ = strings.Cut(l.Err.Error(), " (")
				cancel()
			}
		})
		cancel()
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
