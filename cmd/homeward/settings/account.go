package settings

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeward/cmd/homeward/settings/form"
	"homeward/netwatch"
	"homeward/update/secret"
	"homeward/update/service"
)

// The defaults of limit_10s, limit_24h and refresh: the limits that IPv64 documents,
// kept at dyndns2 servers too, and the 25 days after which dyndns2 wants an update.
const (
	limit10s = 3
	limit24h = 48
	refresh  = 600 * time.Hour
)

// builtIn returns the services that are no file.
func builtIn() []string { return []string{"dyndns2", "ipv64", "rfc2136", "spdyn", "template"} }

// account reads one account. What is wrong with it is noted and left at its
// default; cfg's line and ca_file are read already.
func (t table) account(name string, cfg *Config) Account {
	a := Account{Enabled: t.boolean("enabled", true)}
	a.Name = name
	if oddName(name) {
		t.fault("", "an account's name stands in logs and tables: write a short word, as in [account.home]")
	}
	a.Service, a.Template = t.service()
	a.Domains = t.domains(a.Template)
	a.Host = t.host()
	a.Devices = t.devices(cfg.Line)
	a.Device4, a.Device6 = t.leavesBy("wan"), t.leavesBy("wan6")
	a.CAFile = cfg.CAFile
	a.Refresh = t.duration("refresh", refresh)
	a.Limit10s = t.count("limit_10s", namedLimit(a.Template, false, limit10s))
	a.Limit24h = t.count("limit_24h", namedLimit(a.Template, true, limit24h))
	a.LimitGroup = t.text("limit_group")
	a.Auth = t.choice("auth", "bearer")
	a.Record = t.record()
	a.Healthcheck = t.alone("healthcheck", t.inlineSecret("healthcheck"), "the token")
	a.OneAddress = t.boolean("one_address", false)
	a.Server = t.server(a.Service)
	t.credentials(&a.Account)
	t.nameServer(&a)
	t.template(&a)
	t.publish(&a)
	switch {
	case kindOfService(a.Service) == named:
		t.named(&a)
	case a.Template != nil && a.Template.File != nil:
		t.ownFile(&a)
	}
	t.recordAtRisk(&a)
	t.prefix(&a)
	t.detect(&a)
	return a
}

// oddName reports whether an account's name is unfit to be shown: it is not a word,
// or could be a token.
func oddName(name string) bool {
	odd := func(r rune) bool {
		return r == '=' || r == '?' || r == '@' || r == '"' || r == '\'' || r == '\\' || !strconv.IsPrint(r)
	}
	return name == "" || len(name) > 64 || strings.ContainsFunc(name, odd) || secret.LooksLikeToken(name)
}

// service reads the service and its file, if it has one, and faults the keys that
// belong to others. It is "" where it is faulty.
func (t table) service() (string, *service.Template) {
	if t.missing("service") {
		t.fault("service", `missing: write service = "ipv64", or another of `+strings.Join(builtIn(), ", ")+", or a name that homeward services lists")
	}
	s := t.text("service")
	var file *service.Template
	if kindOfService(s) == named {
		var ok bool
		if file, ok = t.namedService(s); !ok {
			s = ""
		}
	}
	kind := kindOfService(s)
	for _, k := range t.keys {
		if s != "" && t.has(k.Name) && !k.of(kind) {
			do := "take it out"
			if strings.HasPrefix(k.Name, "token") {
				do = "write it as password"
			}
			t.fault(k.Name, "belongs to "+k.owners()+", and this account's service is "+s+": "+do)
			delete(t.vals, k.Name)
		}
	}
	if s == "template" {
		file = &service.Template{}
		if t.has("template") {
			t.serviceFile(file)
		}
	}
	return s, file
}

// domains reads the names to keep up to date. A service with a file may call a
// host otherwise than the DNS does.
func (t table) domains(file *service.Template) []string {
	if t.missing("domains") {
		t.fault("domains", `missing: write domains = ["home.ipv64.net"], the names to keep up to date`)
	}
	var names []string
	for _, d := range t.texts("domains") {
		name, wrong := form.DomainName(d)
		if file != nil && !file.Zones() && form.HostID(d) && !secret.LooksLikeToken(d) {
			name, wrong = d, "" // what the service calls it
		}
		switch {
		case wrong != "":
			t.fault("domains", secret.Shown(d)+" "+wrong)
		case slices.Contains(names, name):
			t.fault("domains", secret.Shown(name)+" stands here twice: take one of the two out")
		default:
			names = append(names, name)
		}
	}
	if t.has("domains") && len(t.texts("domains")) == 0 {
		t.fault("domains", `is empty: write domains = ["home.ipv64.net"], the names to keep up to date`)
	}
	return names
}

func (t table) record() string {
	v := t.text("record")
	if v != "" && (!form.RecordName(v) || secret.LooksLikeToken(v)) {
		t.fault("record", secret.Shown(v)+` is no name below a domain: write record = "www", for www.home.ipv64.net`)
	}
	return strings.ToLower(v)
}

func (t table) host() netip.Addr {
	v := t.text("host")
	if v == "" {
		return netip.Addr{}
	}
	host, wrong := form.HostSuffix(v)
	if wrong != "" {
		t.fault("host", secret.Shown(v)+" "+wrong)
	}
	return host
}

// devices reads wan, wan6 and lan; the devices of [line] are the defaults.
func (t table) devices(line netwatch.Devices) netwatch.Devices {
	return netwatch.Devices{
		WAN:  t.device("wan", line.WAN),
		WAN6: t.device("wan6", line.WAN6),
		LAN:  t.device("lan", line.LAN),
	}
}

func (t table) device(name, otherwise string) string {
	v := t.textOr(name, otherwise)
	if !form.DeviceName(v) || secret.LooksLikeToken(v) {
		t.fault(name, secret.Shown(v)+` is no device: write a device's name as ip link shows it, at most 15 letters, or "auto"`)
		return otherwise
	}
	return v
}

// leavesBy returns the device that the account itself names as its WAN of a family,
// wan or wan6; "" if none.
func (t table) leavesBy(name string) string {
	if v := t.text(name); v != "auto" {
		return v
	}
	return ""
}

// publish reads what to keep up to date; the default depends on the service.
func (t table) publish(a *Account) {
	if !t.has("publish") {
		a.Publish = publishDefault(a)
		return
	}
	for _, v := range t.texts("publish") {
		switch v {
		case "ipv4":
			a.Publish.IPv4 = true
		case "ipv6":
			a.Publish.IPv6 = true
		case "prefix":
			a.Publish.Prefix = true
			if a.Service == "spdyn" || a.Service == "dyndns2" || a.Service == "rfc2136" {
				t.fault("publish", `"prefix" is not known to `+a.Service+`: write "ipv6", with host for a host behind the router`)
			}
		default:
			t.fault("publish", t.noChoice("publish", v))
		}
	}
	if len(t.texts("publish")) == 0 {
		t.fault("publish", `is empty: write publish = ["ipv4", "ipv6"], or enabled = false`)
	}
	if a.Template != nil {
		t.templateCarries(a)
	}
	if a.Service == "ipv64" && a.Publish.IPv6 && a.Publish.Prefix && !a.Host.IsValid() && !t.bad["host"] {
		t.warn("publish", "ipv6 and prefix on one record: the service puts the LAN's prefix before the router's own interface id;"+
			" leave one of the two out, or name the host behind the router with host")
	}
	if t.has("host") && !a.Publish.IPv6 {
		t.warn("host", `has no effect without "ipv6" in publish: write it there, or take host out`)
	}
}

// prefix reads who tells the service the prefix.
func (t table) prefix(a *Account) {
	a.PrefixAuto = t.choice("prefix", "line") == "auto"
	if a.PrefixAuto && !a.Publish.Prefix && !t.bad["publish"] {
		t.warn("prefix", `has no effect without "prefix" in publish: write it there, or take prefix out`)
	}
}

func publishDefault(a *Account) service.Publish {
	switch {
	case a.Service == "ipv64" && !a.Host.IsValid():
		return service.Publish{IPv4: true, Prefix: true}
	case a.Template != nil && (a.Template.File != nil || kindOfService(a.Service) == named):
		return namedPublish(a.Template.Carries())
	case a.Template != nil && hasURL(*a.Template):
		return a.Template.Carries()
	}
	return service.Publish{IPv4: true, IPv6: true}
}

// detect reads how the address is found, and the keys that go with web.
func (t table) detect(a *Account) {
	least, usual := time.Minute, 5*time.Minute
	if a.Service == "dyndns2" {
		least, usual = 10*time.Minute, 10*time.Minute // its rule for checkip
	}
	a.Detect = t.choice("detect", "line")
	a.Poll = t.duration("poll", usual)
	if a.Poll < least {
		t.fault("poll", "is below "+short(least)+`, the least here: write poll = "`+short(usual)+`"`)
		a.Poll = usual
	}
	if v := t.text("checkip"); v != "" {
		checked, wrong := form.WebAddress(v)
		if wrong != "" {
			t.fault("checkip", wrong)
		}
		a.CheckIP = checked
	}
	if a.Detect == "line" {
		for _, name := range []string{"poll", "checkip"} {
			if t.has(name) {
				t.warn(name, `has no effect with detect = "line": take it out, or write detect = "web"`)
			}
		}
		return
	}
	ownAnswer := a.Service == "ipv64" || a.Service == "spdyn" || a.Service == ""
	if !ownAnswer && t.missing("checkip") {
		t.fault("checkip", a.Service+` cannot be asked for our address: write checkip = "https://…", a page that answers with it`)
	}
	if !ownAnswer && !a.Publish.IPv4 && !t.bad["publish"] {
		t.fault("detect", `"web" finds IPv4 alone here, and publish leaves it out: write detect = "line"`)
	}
}

// short writes whole minutes as a configuration does.
func short(d time.Duration) string { return strings.TrimSuffix(d.String(), "0s") }
