package service

import (
	"cmp"
	"slices"
	"strings"

	"homeward/update/secret"
)

// filling replaces placeholders by the values of one update.
type filling struct {
	a    *Account
	c    Update
	step Step
}

// secret returns the value of a placeholder for a secret.
func (f filling) secret(name string) (secret.Secret, bool) {
	switch name {
	case "USERNAME":
		return secret.New(f.a.Username), true
	case "PASSWORD":
		return f.a.Secret, true
	case "PARAMENC":
		return f.a.Template.ParamEnc, true
	}
	return secret.Secret{}, false
}

// value returns the value of any other placeholder, "" if there is none. A family
// that is to stay as it is has the file's word for that.
func (f filling) value(name string) string {
	v := f.c.Values
	switch name {
	case "PARAMOPT":
		return f.a.Template.ParamOpt
	case "DOMAIN":
		return f.host()
	case "IP":
		return addresses(f.choice())
	case "IPV4":
		return f.kept(addresses(Values{IPv4: v.IPv4}))
	case "IPV6":
		return f.kept(addresses(Values{IPv6: v.IPv6}))
	case "PREFIX":
		return f.kept(prefixText(v))
	case "IPV6PREFIX":
		return f.kept(cmp.Or(addresses(Values{IPv6: v.IPv6}), prefixText(v)))
	case "TYPE":
		return f.recordType()
	case "ZONE":
		return f.zone()
	case "NAME":
		return cmp.Or(f.sub(), "@")
	case "SUB":
		return f.sub()
	}
	return cmp.Or(f.c.Found[name], f.c.Found[name+" "+f.recordType()])
}

func prefixText(v Values) string {
	if v.Prefix.IsValid() {
		return v.Prefix.String()
	}
	return ""
}

func (f filling) kept(value string) string {
	if value == "" && f.a.Template.File != nil {
		return f.a.Template.File.Keep
	}
	return value
}

func (f filling) host() string { return strings.Join(f.c.Hosts, ",") }

// zone returns the zone of the host: the configured one, the one that was found,
// or the next to ask for.
func (f filling) zone() string {
	zone := f.a.Zone
	if file := f.a.Template.File; file != nil {
		zone = cmp.Or(zone, file.Zone)
	}
	if zone = cmp.Or(zone, f.c.Found[foundZone]); zone != "" {
		return zone
	}
	labels := strings.Split(f.host(), ".")
	return strings.Join(labels[max(0, len(labels)-zonesMost):], ".")
}

// sub returns the host's name below its zone, "" for the zone itself.
func (f filling) sub() string {
	return strings.TrimSuffix(strings.TrimSuffix(f.host(), f.zone()), ".")
}

// recordType returns the type of the record that an update of one family changes,
// "" for others.
func (f filling) recordType() string {
	switch f.a.Template.choose(f.c.Values).key {
	case "ipv4", "ipv6", "address", "url4", "url6":
		if f.choice().IPv4.IsValid() {
			return "A"
		}
		return "AAAA"
	}
	return ""
}

// choice returns the addresses for [IP]: all in the request for all values, else
// that of the family.
func (f filling) choice() Values {
	v := f.c.Values
	switch key := f.a.Template.choose(v).key; {
	case key == "url" || key == "both":
		return v
	case key == "url4" || key == "ipv4" || key == "address" && v.IPv4.IsValid():
		return Values{IPv4: v.IPv4}
	}
	return Values{IPv6: v.IPv6}
}

// incomplete reports whether a parameter needs an address or a prefix that is
// missing: at some services an empty one would delete the record.
func (f filling) incomplete(param string) bool {
	return slices.ContainsFunc([]string{"IP", "IPV4", "IPV6", "PREFIX", "IPV6PREFIX"}, func(name string) bool {
		return strings.Contains(param, "["+name+"]") && f.value(name) == ""
	})
}

// cut cuts s at its first placeholder; name is "" if there is none.
func (f filling) cut(s string) (before, name, after string) {
	before = s
	find := func(p string) {
		if i := strings.Index(s, "["+p+"]"); i >= 0 && i < len(before) {
			before, name, after = s[:i], p, s[i+len(p)+2:]
		}
	}
	for _, p := range placeholders() {
		find(p)
	}
	if file := f.a.Template.File; file != nil {
		for _, l := range file.Lookups {
			find(l.Name)
		}
	}
	return before, name, after
}
