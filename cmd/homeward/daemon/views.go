package daemon

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/checkip"
	"homeward/update/service"
)

// Views derive from the kernel's tables what each account publishes. A published
// value stays as long as it is valid. They are for one goroutine.
type Views struct {
	cfg   *settings.Config
	held  func(*service.Account) service.Values // what the service has accepted
	known map[string]service.Values             // of accounts with detect = "web", held when their addresses were last beyond doubt
	found map[checkip.Query]checkip.Result      // what services have answered
	last  map[string]netwatch.State             // published values by account, "" for [line]; kept while a value is missing
	shown map[string]netwatch.State             // the last State by account, "" for [line]
}

// NewViews returns the views of a configuration. held returns what the service
// has accepted of an account by now; old, unless nil, are the views to continue.
func NewViews(cfg *settings.Config, held func(*service.Account) service.Values, old *Views) *Views {
	v := &Views{cfg: cfg, held: held, known: map[string]service.Values{}, last: map[string]netwatch.State{}, shown: map[string]netwatch.State{}}
	for _, a := range cfg.Accounts {
		h := held(&a.Account)
		s := netwatch.State{IPv4: h.IPv4, IPv6: h.IPv6, Prefix: h.Prefix}
		if a.Host.IsValid() && h.IPv6.IsValid() {
			s.Prefix = netip.PrefixFrom(h.IPv6, 64).Masked()
		}
		v.last[a.Name] = s
	}
	if old != nil {
		v.last[""], v.found, v.known = old.last[""], old.found, old.known
		for _, was := range old.cfg.Accounts {
			if slices.ContainsFunc(cfg.Accounts, func(a settings.Account) bool { return a.Name == was.Name && a.Devices == was.Devices }) {
				v.last[was.Name] = old.last[was.Name]
			}
		}
	}
	return v
}

// published returns what was published of each account, "" for [line].
func (v *Views) published() map[string]service.Values {
	all := make(map[string]service.Values, len(v.last))
	for name, s := range v.last {
		all[name] = service.Values{IPv4: s.IPv4, IPv6: s.IPv6, Prefix: s.Prefix}
	}
	return all
}

// restore sets what was published and known.
func (v *Views) restore(published, known map[string]service.Values) {
	maps.Copy(v.known, known)
	for name, s := range published {
		v.last[name] = netwatch.State{IPv4: s.IPv4, IPv6: s.IPv6, Prefix: s.Prefix}
	}
}

// watched returns the devices and the last State of each view, without
// duplicates.
func (v *Views) watched() []watched {
	all := []watched{v.watchedBy("", v.cfg.Line)}
	for _, a := range v.cfg.Accounts {
		w := v.watchedBy(a.Name, a.Devices)
		if !slices.ContainsFunc(all, w.same) {
			all = append(all, w)
		}
	}
	return all
}

func (v *Views) watchedBy(name string, d netwatch.Devices) watched {
	last := v.last[name]
	w := watched{devices: d, last: netwatch.State{IPv4: last.IPv4, IPv6: last.IPv6, Prefix: last.Prefix}}
	if s, ok := v.shown[name]; ok {
		w.shown = s.Append(nil)
	}
	return w
}

func (w watched) same(o watched) bool {
	return w.devices == o.devices && w.last.Equal(o.last) && bytes.Equal(w.shown, o.shown)
}

// Line returns what the devices of [line] show.
func (v *Views) Line(t netwatch.Tables) netwatch.State {
	return v.view("", t, v.cfg.Line)
}

func (v *Views) view(name string, t netwatch.Tables, d netwatch.Devices) netwatch.State {
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

// Observe returns what every account publishes.
func (v *Views) Observe(t netwatch.Tables) update.Observation {
	wants := make(map[string]update.Desired, len(v.cfg.Accounts))
	for _, a := range v.cfg.Accounts {
		s, why := withProbed(a, v.view(a.Name, t, a.Devices), v.found, v.acceptedSince(a))
		wants[a.Name] = desired(a, s, why)
	}
	return update.Observation{Wants: wants, Has: t.Has}
}

// acceptedSince returns what the service has accepted since the addresses found for
// the account were last beyond doubt.
func (v *Views) acceptedSince(a settings.Account) service.Values {
	if a.Detect != "web" {
		return service.Values{}
	}
	held := v.held(&a.Account)
	known, ok := v.known[a.Name]
	if !ok || !doubtful(a, v.found) {
		v.known[a.Name] = held
		return service.Values{}
	}
	return held.Without(held.Common(known).Valid())
}

// notes are why values are missing, in words; "" where they are not.
type notes struct{ ipv4, ipv6, prefix string }

// desired returns what an account publishes of a State, and what is missing.
func desired(a settings.Account, s netwatch.State, no notes) update.Desired {
	var w update.Desired
	var notes []string
	missing := func(m netwatch.Missing, wanted bool) {
		if wanted && w.Missing == "" {
			w.Missing = m.Reason.String()
		}
	}
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
	case auto && s.IPv6.IsValid(): // the /64 of the source address of requests
		w.Prefix = netip.PrefixFrom(s.IPv6, 64).Masked()
	case a.Publish.Prefix && !auto:
		w.Prefix = s.Prefix
	}
	missing(s.NoIPv4, a.Publish.IPv4 && !w.IPv4.IsValid())
	add(a.Publish.IPv4, no.ipv4)
	missing(s.NoIPv6, (a.Publish.IPv6 && !a.Host.IsValid() || auto) && !s.IPv6.IsValid())
	add(a.Publish.IPv6 && !a.Host.IsValid() || auto, no.ipv6)
	ofLAN := a.Publish.Prefix && !auto || a.Publish.IPv6 && a.Host.IsValid()
	missing(s.NoPrefix, ofLAN && !s.Prefix.IsValid())
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

// LineWords spells a State for people. With reasons it tells why a value is
// missing, and notes.
func LineWords(s netwatch.State, reasons bool) string {
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
