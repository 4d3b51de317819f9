package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

// TestAConfigurationIsReadOnceMoreAsItWas goes by what was left of the files
// after they are gone.
func TestAConfigurationIsReadOnceMoreAsItWas(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("token", "tok3n\n")
	write("service.json", `{"name":"a.example","ipv4":{"url":"https://a.example/?h=[DOMAIN]&p=[PASSWORD]&i=[IP]","answer":"good"}}`)
	text := string(make([]byte, 2*sourceMost)) // a certificate may stand in the middle of some
	write("ca.pem", text+"-----BEGIN CERTIFICATE-----\n"+text)
	file := write("homeward.toml", `ca_file = "ca.pem"
[account.home]
service = "ipv64"
domains = ["home.ipv64.net"]
token_file = "token"
[account.other]
service = "template"
template = "./service.json"
domains = ["a.example"]
username = "me"
password = "hunter2"
publish = ["ipv4"]
`)
	read, _, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	next := rested{place: place{File: file, Begun: time.Now().UTC().Truncate(0)}, PID: os.Getpid(), Files: read.sources.stamps()}
	h, err := newHandover(next, left{Sources: read.sources, State: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	l, err := h.read()
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Sources.config(file)
	if err != nil {
		t.Fatal(err)
	}
	again.sources, read.sources = nil, nil
	if !reflect.DeepEqual(again, read) {
		t.Errorf("read once more:\n%+v\nwant\n%+v", again, read)
	}
	if got := again.Accounts[0].Secret.Reveal(); got != "tok3n" {
		t.Errorf("the secret is %q", got)
	}
}

// TestAHandoverTellsNamesAsTheyAre or is none: an image that rests with another
// name would find news, or no file, at once, and so would each after it.
func TestAHandoverTellsNamesAsTheyAre(t *testing.T) {
	shown := func(dev string) map[string]glance { return map[string]glance{"": {Shown: netwatch.State{WAN: dev}}} }
	for _, tt := range []struct {
		rested rested
		err    error
	}{
		{rested{place: place{File: "/etc/höme\ufffd.toml"}, Glance: shown("lön")}, nil},
		{rested{place: place{File: "/etc/h\xf6me.toml"}}, errName},
		{rested{Glance: shown("l\xf6n")}, errName},
		{rested{Files: map[string]string{"/etc/t\xf6ken": ""}}, errName},
	} {
		h, err := newHandover(tt.rested, left{})
		if err != tt.err {
			t.Errorf("%+v: %v, want %v", tt.rested, err, tt.err)
		}
		if err != nil {
			continue
		}
		if r, err := h.rested(); err != nil || r.File != tt.rested.File || !reflect.DeepEqual(r.Glance, tt.rested.Glance) {
			t.Errorf("%+v, %v, want %+v", r, err, tt.rested)
		}
		h.Close()
	}
}

// TestNewsIsWhatAnybodyWouldSee is of a daemon at rest.
func TestNewsIsWhatAnybodyWouldSee(t *testing.T) {
	line := func(v4 string, preferred uint32) (out netwatch.Tables) {
		out.Addrs = []netwatch.Addr{
			{Dev: "wan", Addr: netip.MustParseAddr(v4), Bits: 24, Global: true, Preferred: netwatch.Forever},
			{Dev: "wan", Addr: netip.MustParseAddr("2a02:8071:1:5::77"), Bits: 64, Global: true, Preferred: preferred},
		}
		out.Defaults = []netwatch.Route{{Dev: "wan"}, {Dev: "wan", IPv6: true}}
		return out
	}
	a := Account{Devices: netwatch.Devices{WAN: "wan", WAN6: "wan"}}
	a.Name, a.Publish.IPv4 = "a", true
	for _, tt := range []struct {
		name          string
		before, after netwatch.Tables
		want          bool
	}{
		{"the same", line("203.0.113.7", 1800), line("203.0.113.7", 1800), false},
		{"a renewal", line("203.0.113.7", 1800), line("203.0.113.7", 900), false},
		{"another address", line("203.0.113.7", 1800), line("203.0.113.8", 1800), true},
		{"one that is deprecated", line("203.0.113.7", 1800), line("203.0.113.7", 0), true},
		{"another reason", line("192.168.1.7", 1800), line("100.64.1.7", 1800), true},
		{"none", line("203.0.113.7", 1800), netwatch.Tables{}, true},
	} {
		v := newViews(&Config{Accounts: []Account{a}}, func(*update.Account) update.Values { return update.Values{} }, nil)
		v.line(tt.before)
		v.sight(tt.before)
		h, err := newHandover(rested{PID: os.Getpid(), Glance: v.glances()}, left{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.rested()
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
		if got := r.news(tt.after); got != tt.want {
			t.Errorf("%s is news: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTextMapping(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homeward\n":       true,
		"006eb000-00990000 r--p 002eb000 fe:00 9978039                            /usr/bin/my homeward\n":    true,
		"00990000-009bd000 rw-p 00590000 fe:00 9978039                            /usr/bin/homeward\n":       false,
		"009bd000-029ff000 rw-p 00000000 00:00 0 \n":                                                         false,
		"7f830cb3f000-7f830cb41000 r-xp 00000000 00:00 0                          [vdso]\n":                  false,
		"00400000-006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homew":            false,
		"00400000+006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homeward\n":       false,
		"00400000-006eb000 r--s 00000000 fe:00 9978039                            /usr/lib/locale/archive\n": false,
		"\n": false,
	} {
		if _, _, ok := textMapping([]byte(line)); ok != want {
			t.Errorf("%q: %v, want %v", line, ok, want)
		}
	}
}
