package main

import (
	"maps"
	"net/netip"
	"strings"

	"homeward/netwatch"
	"homeward/update"
)

// views turns what the kernel shows into what each account publishes. It
// remembers what was published, which stays while it can; it is for one
// goroutine.
type views struct {
	cfg   *Config
	found map[update.Question]update.Found // what services have answered
	last  map[string]netwatch.State        // by account, "" for [line]; members stay when they go
	shown map[string]netwatch.State        // likewise, as it was shown last
}

// newViews returns the views of a configuration. held is what the services
// have accepted before; old, if not nil, are the views it takes over from.
func newViews(cfg *Config, held func(*update.Account) update.Values, old *views) *views {
	v := &views{cfg: cfg, last: map[string]netwatch.State{}, shown: map[string]netwatch.State{}}
	for _, a := range cfg.Accounts {
		h := held(&a.Account)
		s := netwatch.State{IPv4: h.IPv4, IPv6: h.IPv6, Prefix: h.Prefix}
		if a.Host.IsValid() && h.IPv6.IsValid() {
			s.Prefix = netip.PrefixFrom(h.IPv6, 64).Masked()
		}
		v.last[a.Name] = s
	}
	if old != nil {
		v.last[""], v.found = old.last[""], old.found
	}
	return v
}

// line returns what the devices of [line] show.
func (v *views) line(t netwatch.Tables) netwatch.State {
	return v.look("", t, v.cfg.Line)
}

func (v *views) look(name string, t netwatch.Tables, d netwatch.Devices) netwatch.State {
	last := v.last[name]
	s := netwatch.View(t, d, last)
	if s.IPv4.IsValid() {
		last.IPv4 = s.IPv4
	}
	if s.IPv6.IsValid() {
		last.IPv6 = s.IPv6
	}
	if s.Prefix.IsValid() {
		last.Prefix = s.Prefix
	}
	v.last[name], v.shown[name] = last, s
	return s
}

// sight returns what every account publishes of it.
func (v *views) sight(t netwatch.Tables) update.Sight {
	wants := make(map[string]update.Want, len(v.cfg.Accounts))
	for _, a := range v.cfg.Accounts {
		s, why := asked(a, v.look(a.Name, t, a.Devices), v.found)
		wants[a.Name] = want(a, s, why)
	}
	return update.Sight{Wants: wants, Has: t.Has}
}

// glimpse is sight of a line that may be in the middle of a change: it leaves
// no mark on what is shown next.
func (v *views) glimpse(t netwatch.Tables) update.Sight {
	w := *v
	w.last, w.shown = maps.Clone(v.last), maps.Clone(v.shown)
	return w.sight(t)
}

// whys says in words why something is missing, "" where nothing is.
type whys struct{ ipv4, ipv6, prefix string }

// want picks what an account publishes of a line, and says what is not there.
func want(a Account, s netwatch.State, no whys) update.Want {
	var w update.Want
	var notes []string
	add := func(wanted bool, why string) {
		if wanted && why != "" {
			notes = append(notes, why)
		}
	}
	if a.Publish.IPv4 {
		w.IPv4 = s.IPv4
	}
	switch {
	case a.Publish.IPv6 && a.Host.IsValid():
		if s.Prefix.IsValid() {
			w.IPv6 = compose(s.Prefix, a.Host)
		}
	case a.Publish.IPv6:
		w.IPv6 = s.IPv6
	}
	auto := a.Publish.Prefix && a.PrefixAuto
	switch {
	case auto && s.IPv6.IsValid(): // that of the address which requests come from
		w.Prefix = netip.PrefixFrom(s.IPv6, 64).Masked()
	case a.Publish.Prefix && !auto:
		w.Prefix = s.Prefix
	}
	add(a.Publish.IPv4, no.ipv4)
	add(a.Publish.IPv6 && !a.Host.IsValid() || auto, no.ipv6)
	ofLAN := a.Publish.Prefix && !auto || a.Publish.IPv6 && a.Host.IsValid()
	add(ofLAN, no.prefix)
	add(ofLAN && s.LAN != "br-lan", s.NoteLAN()) // else the choice is OpenWrt's own
	add(ofLAN, s.NoteWAN())
	w.Note = strings.Join(notes, "; ")
	return w
}

// compose puts a host's interface identifier behind the LAN's /64.
func compose(prefix netip.Prefix, host netip.Addr) netip.Addr {
	p, h := prefix.Addr().As16(), host.As16()
	copy(p[8:], h[8:])
	return netip.AddrFrom16(p)
}

// lineWords is a line for people, if reasons with why something is not there
// and what else is to be known.
func lineWords(s netwatch.State, reasons bool) string {
	part := func(what string, there bool, value, dev string, why netwatch.Missing) string {
		switch {
		case there:
			return what + " " + value + " (" + dev + ")"
		case why.Reason != 0 && reasons:
			return "no " + what + " (" + why.Text() + ")"
		}
		return "no " + what
	}
	words := strings.Join([]string{
		part("IPv4", s.IPv4.IsValid(), s.IPv4.String(), s.WAN, s.NoIPv4),
		part("IPv6", s.IPv6.IsValid(), s.IPv6.String(), s.WAN6, s.NoIPv6),
		part("prefix", s.Prefix.IsValid(), s.Prefix.String(), s.LAN, s.NoPrefix),
	}, ", ")
	for _, note := range []string{s.NoteLAN(), s.NoteWAN()} {
		if note != "" && reasons {
			words += "; " + note
		}
	}
	return words
}
