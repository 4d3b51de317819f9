// Package service encodes updates for each service, and parses its answers. It
// does no I/O and keeps no state.
package service

import (
	"net/netip"
	"time"

	"homeward/update/secret"
)

// Values are the values that an account publishes. An invalid member is not
// published or not known.
type Values struct {
	IPv4   netip.Addr   `json:"ipv4,omitzero"`
	IPv6   netip.Addr   `json:"ipv6,omitzero"`
	Prefix netip.Prefix `json:"prefix,omitzero"` // the LAN's /64
}

// Publish names some of the three values.
type Publish struct {
	IPv4   bool `json:"ipv4,omitempty"`
	IPv6   bool `json:"ipv6,omitempty"`
	Prefix bool `json:"prefix,omitempty"`
}

// Valid returns which members of v are valid.
func (v Values) Valid() Publish {
	return Publish{v.IPv4.IsValid(), v.IPv6.IsValid(), v.Prefix.IsValid()}
}

// Only returns the members of v that p names.
func (v Values) Only(p Publish) Values {
	if !p.IPv4 {
		v.IPv4 = netip.Addr{}
	}
	if !p.IPv6 {
		v.IPv6 = netip.Addr{}
	}
	if !p.Prefix {
		v.Prefix = netip.Prefix{}
	}
	return v
}

// Without returns the members of v that p does not name.
func (v Values) Without(p Publish) Values {
	return v.Only(Publish{!p.IPv4, !p.IPv6, !p.Prefix})
}

// With returns v with the valid members of o in place of its own.
func (v Values) With(o Values) Values {
	if o.IPv4.IsValid() {
		v.IPv4 = o.IPv4
	}
	if o.IPv6.IsValid() {
		v.IPv6 = o.IPv6
	}
	if o.Prefix.IsValid() {
		v.Prefix = o.Prefix
	}
	return v
}

// Common returns the members in which v and o agree.
func (v Values) Common(o Values) Values {
	if v.IPv4 != o.IPv4 {
		v.IPv4 = Values{}.IPv4
	}
	if v.IPv6 != o.IPv6 {
		v.IPv6 = Values{}.IPv6
	}
	if v.Prefix != o.Prefix {
		v.Prefix = Values{}.Prefix
	}
	return v
}

// Or returns what p or o has.
func (p Publish) Or(o Publish) Publish {
	return Publish{p.IPv4 || o.IPv4, p.IPv6 || o.IPv6, p.Prefix || o.Prefix}
}

// Without returns what p has and o does not have.
func (p Publish) Without(o Publish) Publish {
	return Publish{p.IPv4 && !o.IPv4, p.IPv6 && !o.IPv6, p.Prefix && !o.Prefix}
}

// Account is one account of the configuration, checked and with defaults set. It
// is immutable; a new configuration has new ones.
type Account struct {
	Name        string
	Service     string // ipv64, spdyn, dyndns2, rfc2136, template, or the name of a service file
	Server      string // base URL without a slash at its end; rfc2136: dns://HOST:PORT
	Domains     []string
	Publish     Publish
	Username    string // rfc2136: the key's name
	Secret      secret.Secret
	Token       bool          // the secret is a token, not a password
	Auth        string        // ipv64: bearer, basic, form
	Record      string        // ipv64: praefix
	Zone        string        // of all domains, "": the service or the server is asked
	Healthcheck secret.Secret // ipv64
	PrefixAuto  bool          // ipv64: the service takes the prefix of the request's source
	Algorithm   string        // rfc2136: of the key
	OneAddress  bool          // dyndns2: one address a request
	Template    *Template
	Device4     string        // requests over IPv4 leave by this device, "" as the routes say
	Device6     string        // requests over IPv6 likewise
	CAFile      string        // more roots to trust
	Refresh     time.Duration // 0: never
	Limit10s    int           // 0: none
	Limit24h    int           // 0: none
	LimitGroup  string        // accounts with the same name share one quota, "" as the service counts
}

// Devices returns Device4 and Device6 for the account's fingerprint.
func (a *Account) Devices() string {
	if a.Device6 == "" {
		return a.Device4
	}
	return a.Device4 + " " + a.Device6
}

// Template describes a service as ddns-scripts does: URLs with placeholders, and
// patterns that an answer matches on success.
type Template struct {
	URL4, URL6, URL          string
	Answer4, Answer6, Answer string        // a pattern for each URL
	ParamEnc                 secret.Secret // some services want an API key there
	ParamOpt                 string
	AllowHTTP                bool  // do not replace http:// by https://
	File                     *File // a service file that says more; the URLs are empty then
}
