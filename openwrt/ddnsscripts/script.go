package ddnsscripts

import (
	"slices"
	"strings"

	"homeward/update/rfc2136"
)

// scripts tells how the sections of ddns-scripts' script services name what ours
// wants.
var scripts = [...]struct {
	service string
	host    string // how domain and username spell the host, see hosts
	user    bool   // username and password; else the password is a token
}{
	{"beget", "domain", true},
	{"cloudflare", "host@zone", false},
	{"digitalocean", "username", false},
	{"dnspod", "host@zone", true},
	{"freedns42", "record", true},
	{"gandi", "username", false},
	{"godaddy", "host@zone", true},
	{"hetzner", "username", false},
	{"luadns", "domain", true},
	{"namesilo", "username", false},
	{"no-ip", "domain", true},
	{"ns1", "zone", false},
	{"pdns", "username", false},
	{"porkbun", "domain", true},
	{"rfc2136", "domain", true},
	{"scaleway", "zone", false},
	{"servercow", "parent", true},
}

// script turns a section of a script service into an account of the service that
// is here in its place.
func (d *account) script(name string) {
	d.add("service", name)
	var user bool
	for _, s := range scripts {
		if s.service == name {
			user = s.user
			d.hosts(s.host)
		}
	}
	switch {
	case name == "rfc2136":
		d.key()
	case name == "cloudflare":
		if user := d.take("username"); user != "" && user != "Bearer" {
			d.enabled = false
			d.note("off, for it has the global key of a user: make an API token that may edit the zone's DNS, write it as token, and set enabled to 1")
		}
		d.add("token", d.take("password"))
	case user:
		d.add("username", d.take("username"))
		d.add("password", d.take("password"))
	default:
		d.add("token", d.take("password"))
	}
	if name == "pdns" {
		d.add("server", d.take("param_opt"))
	}
}

// hosts reads the host and its zone: host@zone or a zone alone in domain, the host's
// label in username and the zone in domain, the zone in username, the host's parent,
// or options of their own.
func (d *account) hosts(form string) {
	if len(d.domains) != 1 {
		return
	}
	host, zone := d.domains[0], ""
	switch form {
	case "host@zone":
		var at bool
		if host, zone, at = strings.Cut(host, "@"); !at {
			zone = host
		}
		host = strings.TrimSuffix(host, "."+zone)
	case "username":
		host, zone = d.take("username"), host
	case "zone":
		zone = d.take("username")
		host = strings.TrimSuffix(host, "."+zone)
	case "parent":
		_, zone, _ = strings.Cut(host, ".")
		host = strings.TrimSuffix(host, "."+zone)
	case "record":
		host, zone = d.take("record"), d.take("zone")
	}
	if zone == "" {
		return
	}
	if host == "" || host == "@" || host == zone {
		d.domains = []string{zone}
	} else {
		d.domains = []string{host + "." + zone}
	}
	d.add("zone", zone)
}

// key reads the TSIG key of a section of nsupdate: [ALGORITHM:]NAME and the secret.
func (d *account) key() {
	algorithm, name, ok := strings.Cut(d.take("username"), ":")
	if !ok {
		algorithm, name = "", algorithm
		d.note("the key's algorithm is not named: hmac-sha256; else write option key_algorithm 'hmac-sha512'")
	}
	// hmac-md5 and hmac-sha1 are not to be used any more (RFC 8945, section 6).
	if algorithm = strings.ToLower(algorithm); algorithm != "" && !slices.Contains(rfc2136.Algorithms(), algorithm) {
		algorithm = ""
		d.enabled = false
		d.note("off, for the algorithm of its key is neither " + strings.Join(rfc2136.Algorithms(), " nor ") + ": make such a key at the server, write it here, and set enabled to 1")
	}
	d.add("server", d.take("dns_server"))
	d.add("key_name", name)
	d.add("key_algorithm", algorithm)
	d.add("password", d.take("password"))
}
