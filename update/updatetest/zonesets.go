package updatetest

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// The services of this file replace a record set by its name and type.

// gandi: https://api.gandi.net/docs/livedns/
func (c zoneCall) gandi() (int, any) {
	fail := func(status int, text string) (int, any) { return status, obj{"code": status, "message": text} }
	switch {
	case c.Header.Get("Authorization") != "Bearer "+c.key:
		return fail(401, "The server could not verify that you authorized to access the document you requested.")
	case len(c.path) < 4 || !c.holds(c.path[3]):
		return fail(403, "Access was denied to this resource.")
	case c.is("GET", "v5/livedns/domains/*"):
		return 200, obj{"fqdn": c.path[3]}
	case c.is("PUT", "v5/livedns/domains/*/records/*/*") && c.set(c.path[3], whole(c.path[5], c.path[3]), c.path[6], c.field("rrset_values", 0)):
		return 201, obj{"message": "DNS Record Created"}
	}
	return fail(400, "validation error")
}

// godaddy: https://developer.godaddy.com/doc/endpoint/domains
func (c zoneCall) godaddy() (int, any) {
	fail := func(status int, code string) (int, any) { return status, obj{"code": code, "message": code} }
	switch {
	case c.Header.Get("Authorization") != "sso-key "+c.user+":"+c.key:
		return fail(401, "UNABLE_TO_AUTHENTICATE")
	case len(c.path) != 6:
		return fail(404, "NOT_FOUND")
	case strings.Count(c.path[2], ".") > 1:
		return fail(422, "INVALID_DOMAIN")
	case !c.holds(c.path[2]):
		return fail(404, "UNKNOWN_DOMAIN")
	case c.is("GET", "v1/domains/*/records/*/*"):
		return 200, []obj{}
	case c.is("PUT", "v1/domains/*/records/*/*") && c.set(c.path[2], whole(c.path[5], c.path[2]), c.path[4], c.field(0, "data")):
		return 200, nil
	}
	return fail(422, "INVALID_BODY")
}

// pdns: https://doc.powerdns.com/authoritative/http-api/zone.html
func (c zoneCall) pdns() (int, any) {
	fail := func(status int, text string) (int, any) { return status, obj{"error": text} }
	zone, dotted := strings.CutSuffix(c.path[len(c.path)-1], ".")
	switch {
	case c.Header.Get("X-API-Key") != c.key:
		return 401, "Unauthorized"
	case !dotted || !c.holds(zone):
		return fail(404, "Could not find domain '"+zone+".'")
	case c.is("GET", "api/v1/servers/localhost/zones/*"):
		return 200, obj{"name": zone + "."}
	case c.is("PATCH", "api/v1/servers/localhost/zones/*") && c.field("rrsets", 0, "changetype") == "REPLACE" &&
		c.set(zone, strings.TrimSuffix(c.field("rrsets", 0, "name"), "."), c.field("rrsets", 0, "type"), c.field("rrsets", 0, "records", 0, "content")):
		return 204, nil
	}
	return fail(422, "RRset is not valid")
}

// scaleway: https://www.scaleway.com/en/developers/api/domains-and-dns/
func (c zoneCall) scaleway() (int, any) {
	const set = "set"
	name := c.field("changes", 0, set, "id_fields", "name")
	kind := c.field("changes", 0, set, "id_fields", "type")
	switch {
	case c.Header.Get("X-Auth-Token") != c.key:
		return 403, obj{"message": "authentication is denied", "type": "denied_authentication"}
	case c.is("GET", "domain/v2beta1/dns-zones"):
		if zone := c.URL.Query().Get("dns_zone"); c.holds(zone) {
			return 200, obj{"total_count": 1, "dns_zones": []obj{{"domain": zone, "subdomain": ""}}}
		}
		return 200, obj{"total_count": 0, "dns_zones": []obj{}}
	case c.is("PATCH", "domain/v2beta1/dns-zones/*/records") && c.field("changes", 0, set, "records", 0, "name") == name &&
		c.set(c.path[3], whole(name, c.path[3]), kind, c.field("changes", 0, set, "records", 0, "data")):
		return 200, obj{"records": []obj{}}
	}
	return 400, obj{"message": "invalid argument(s)"}
}

// servercow: https://wiki.servercow.de/de/domains/dns_api/api-syntax/
func (c zoneCall) servercow() (int, any) {
	switch {
	case c.Header.Get("X-Auth-Username") != c.user || c.Header.Get("X-Auth-Password") != c.key:
		return 401, obj{"error": "unauthorized"}
	case !c.is("POST", "dns/v1/domains/*") || !c.holds(c.path[3]):
		return 404, obj{"error": "domain not found"}
	case !c.set(c.path[3], whole(c.field("name"), c.path[3]), c.field("type"), c.field("content")):
		return 400, obj{"error": "invalid content"}
	}
	return 200, obj{"message": "ok"}
}

// beget: https://beget.com/en/kb/api/dns-administration-functions
func (c zoneCall) beget() (int, any) {
	fail := func(code string) (int, any) {
		return 200, obj{"status": "error", "error_text": code, "error_code": code}
	}
	if c.form.Get("login") != c.user || c.form.Get("passwd") != c.key {
		return fail("AUTH_ERROR")
	}
	c.body = parseJSON(c.form.Get("input_data"))
	name := c.field("fqdn")
	for _, kind := range []string{"A", "AAAA"} {
		for _, zone := range c.zones {
			if (name == zone || strings.HasSuffix(name, "."+zone)) && c.is("POST", "api/dns/changeRecords") && c.set(zone, name, kind, c.field("records", kind, 0, "value")) {
				return 200, obj{"status": "success", "answer": obj{"status": "success", "result": true}}
			}
		}
	}
	return 200, obj{"status": "success", "answer": obj{"status": "error", "errors": []obj{{"error_code": "METHOD_FAILED"}}}}
}

// freedns42: https://freedns.42.pl/ documents its XML-RPC interface.
func (c zoneCall) freedns42() (int, any) {
	var call struct {
		Method  string `xml:"methodName"`
		Members []struct {
			Name  string `xml:"name"`
			Value string `xml:"value>string"`
		} `xml:"params>param>value>struct>member"`
	}
	if xml.Unmarshal(c.text, &call) != nil || c.Method != http.MethodPost || !c.is("POST", "xmlrpc.php") || call.Method != "xname.updateArecord" {
		return 400, "not XML-RPC"
	}
	m := map[string]string{}
	for _, v := range call.Members {
		m[v.Name] = v.Value
	}
	if m["user"] != c.user || m["password"] != c.key || !c.set(m["zone"], whole(m["name"], m["zone"]), "A", m["newaddress"]) {
		return 200, "<?xml version='1.0'?><methodResponse><fault><value><string>login or zone failed</string></value></fault></methodResponse>"
	}
	return 200, "<?xml version='1.0'?>\n<methodResponse><params><param><value><struct><member>\n<name>serial</name><value>7</value></member></struct></value></param></params></methodResponse>"
}
