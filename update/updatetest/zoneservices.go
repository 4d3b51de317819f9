package updatetest

import (
	"strings"
)

// zoneServices returns how each service answers, by the host of its interface.
func zoneServices() map[string]func(zoneCall) (int, any) {
	return map[string]func(zoneCall) (int, any){
		"api.cloudflare.com":   zoneCall.cloudflare,
		"api.hetzner.cloud":    zoneCall.hetzner,
		"api.digitalocean.com": zoneCall.digitalocean,
		"api.gandi.net":        zoneCall.gandi,
		"api.godaddy.com":      zoneCall.godaddy,
		"api.porkbun.com":      zoneCall.porkbun,
		"pdns.example":         zoneCall.pdns,
		"api.nsone.net":        zoneCall.ns1,
		"api.scaleway.com":     zoneCall.scaleway,
		"api.servercow.de":     zoneCall.servercow,
		"api.beget.com":        zoneCall.beget,
		"freedns.42.pl":        zoneCall.freedns42,
		"api.luadns.com":       zoneCall.luadns,
		"www.namesilo.com":     zoneCall.namesilo,
		"dnsapi.cn":            zoneCall.dnspod,
	}
}

// cloudflare: https://developers.cloudflare.com/api/resources/dns/
func (c zoneCall) cloudflare() (int, any) {
	fail := func(status, code int, text string) (int, any) {
		return status, obj{"success": false, "errors": []obj{{"code": code, "message": text}}, "result": nil}
	}
	found := func(result any) (int, any) { return 200, obj{"success": true, "errors": []obj{}, "result": result} }
	shown := func(r *ZoneRecord) obj {
		return obj{"id": r.ID, "name": r.Name, "type": r.Type, "content": r.Content, "ttl": r.TTL, "proxied": r.Proxied}
	}
	if c.Header.Get("Authorization") != "Bearer "+c.key {
		return fail(403, 10000, "Authentication error")
	}
	if c.is("GET", "client/v4/zones") {
		if zone := c.URL.Query().Get("name"); c.holds(zone) {
			return found([]obj{{"id": "z-" + zone, "name": zone}})
		}
		return found([]obj{})
	}
	if len(c.path) < 5 || !c.holds(strings.TrimPrefix(c.path[3], "z-")) {
		return fail(404, 7003, "Could not route to the zone")
	}
	zone := strings.TrimPrefix(c.path[3], "z-")
	switch {
	case c.is("GET", "client/v4/zones/*/dns_records"):
		if r := c.find(zone, c.URL.Query().Get("name"), c.URL.Query().Get("type")); r != nil {
			return found([]obj{shown(r)})
		}
		return found([]obj{})
	case c.is("POST", "client/v4/zones/*/dns_records"):
		if !fits(c.field("type"), c.field("content")) {
			return fail(400, 9005, "Content for A record is invalid")
		}
		if r := c.find(zone, c.field("name"), c.field("type")); r != nil && r.Content == c.field("content") {
			return fail(400, 81058, "An identical record already exists.")
		}
		return found(shown(c.add(ZoneRecord{Zone: zone, Name: c.field("name"), Type: c.field("type"), Content: c.field("content"), TTL: 1})))
	case c.is("PATCH", "client/v4/zones/*/dns_records/*"):
		r := c.byID(zone, c.path[5])
		if r == nil {
			return fail(404, 81044, "Record does not exist.")
		}
		if !fits(r.Type, c.field("content")) {
			return fail(400, 9005, "Content is invalid")
		}
		r.Content = c.field("content")
		return found(shown(r))
	}
	return fail(404, 7000, "No route for that URI")
}

// hetzner: https://docs.hetzner.cloud/reference/cloud#tag/zone-rrset-actions
func (c zoneCall) hetzner() (int, any) {
	fail := func(status int, code string) (int, any) {
		return status, obj{"error": obj{"code": code, "message": code}}
	}
	switch {
	case c.Header.Get("Authorization") != "Bearer "+c.key:
		return fail(401, "unauthorized")
	case len(c.path) < 3 || !c.holds(c.path[2]):
		return fail(404, "not_found")
	case c.is("GET", "v1/zones/*"):
		return 200, obj{"zone": obj{"name": c.path[2]}}
	case c.is("POST", "v1/zones/*/rrsets"):
		name := whole(c.field("name"), c.path[2])
		if c.find(c.path[2], name, c.field("type")) != nil {
			return fail(409, "uniqueness_error")
		}
		if !c.set(c.path[2], name, c.field("type"), c.field("records", 0, "value")) {
			return fail(422, "invalid_input")
		}
		return 201, obj{"rrset": obj{"id": c.field("name") + "/" + c.field("type")}}
	}
	if len(c.path) < 6 {
		return fail(404, "not_found")
	}
	r := c.find(c.path[2], whole(c.path[4], c.path[2]), c.path[5])
	switch {
	case r == nil:
		return fail(404, "not_found")
	case c.is("GET", "v1/zones/*/rrsets/*/*"):
		return 200, obj{"rrset": obj{"id": c.path[4] + "/" + c.path[5], "ttl": r.TTL}}
	case c.is("POST", "v1/zones/*/rrsets/*/*/actions/set_records") && fits(r.Type, c.field("records", 0, "value")):
		r.Content = c.field("records", 0, "value")
		return 201, obj{"action": obj{"status": "running"}}
	}
	return fail(422, "invalid_input")
}

// digitalocean: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records
func (c zoneCall) digitalocean() (int, any) {
	fail := func(status int, id string) (int, any) { return status, obj{"id": id, "message": id} }
	switch {
	case c.Header.Get("Authorization") != "Bearer "+c.key:
		return fail(401, "Unauthorized")
	case len(c.path) < 3 || !c.holds(c.path[2]):
		return fail(404, "not_found")
	case c.is("GET", "v2/domains/*"):
		return 200, obj{"domain": obj{"name": c.path[2]}}
	case c.is("GET", "v2/domains/*/records"):
		list := []obj{}
		if r := c.find(c.path[2], c.URL.Query().Get("name"), c.URL.Query().Get("type")); r != nil {
			list = append(list, obj{"id": number(r.ID), "type": r.Type})
		}
		return 200, obj{"domain_records": list}
	case c.is("POST", "v2/domains/*/records") && fits(c.field("type"), c.field("data")):
		r := c.add(ZoneRecord{Zone: c.path[2], Name: whole(c.field("name"), c.path[2]), Type: c.field("type"), Content: c.field("data"), TTL: 1800})
		return 201, obj{"domain_record": obj{"id": number(r.ID)}}
	case c.is("PATCH", "v2/domains/*/records/*"):
		r := c.byID(c.path[2], c.path[4])
		if r == nil {
			return fail(404, "not_found")
		}
		if r.Type == c.field("type") && fits(r.Type, c.field("data")) {
			r.Content = c.field("data")
			return 200, obj{"domain_record": obj{"id": number(r.ID)}}
		}
	}
	return fail(422, "unprocessable_entity")
}

// porkbun: https://porkbun.com/api/json/v3/documentation
func (c zoneCall) porkbun() (int, any) {
	fail := func(text string) (int, any) { return 400, obj{"status": "ERROR", "message": text} }
	switch {
	case c.field("apikey") != c.user || c.field("secretapikey") != c.key:
		return fail("Invalid API key. (001)")
	case len(c.path) < 6 || !c.holds(c.path[5]):
		return fail("Invalid domain.")
	case c.is("POST", "api/json/v3/domain/getNs/*"):
		return 200, obj{"status": "SUCCESS", "ns": []string{"maceio.ns.porkbun.com"}}
	case len(c.path) >= 7 && c.path[4] == "retrieveByNameType":
		list := []obj{}
		if r := c.find(c.path[5], whole(strings.Join(c.path[7:], ""), c.path[5]), c.path[6]); r != nil {
			list = append(list, obj{"id": r.ID, "name": r.Name})
		}
		return 200, obj{"status": "SUCCESS", "records": list}
	case !fits(c.field("type"), c.field("content")):
		return fail("Invalid content.")
	case c.is("POST", "api/json/v3/dns/create/*"):
		c.set(c.path[5], whole(c.field("name"), c.path[5]), c.field("type"), c.field("content"))
		return 200, obj{"status": "SUCCESS", "id": "1"}
	case c.is("POST", "api/json/v3/dns/edit/*/*"):
		r := c.byID(c.path[5], c.path[6])
		if r == nil {
			return fail("Invalid record ID.")
		}
		if r.Content == c.field("content") {
			return fail("Edit error: We were unable to edit the DNS record.")
		}
		r.Content = c.field("content")
		return 200, obj{"status": "SUCCESS"}
	}
	return fail("Invalid type.")
}

// ns1: https://developer.ibm.com/apis/catalog/ns1--ibm-ns1-connect-api/
func (c zoneCall) ns1() (int, any) {
	fail := func(status int, text string) (int, any) { return status, obj{"message": text} }
	switch {
	case c.Header.Get("X-NSONE-Key") != c.key:
		return fail(401, "Unauthorized")
	case len(c.path) < 3 || !c.holds(c.path[2]):
		return fail(404, "zone not found")
	case c.is("GET", "v1/zones/*"):
		return 200, obj{"zone": c.path[2]}
	case len(c.path) != 5:
		return fail(404, "not found")
	}
	r := c.find(c.path[2], c.path[3], c.path[4])
	address := c.field("answers", 0, "answer", 0)
	switch {
	case c.Method == "PUT" && r != nil:
		return fail(400, "record already exists")
	case c.Method == "PUT" && c.field("zone") == c.path[2] && c.field("domain") == c.path[3] && c.field("type") == c.path[4] &&
		c.set(c.path[2], c.path[3], c.path[4], address):
		return 200, obj{"id": "new"}
	case r == nil:
		return fail(404, "record not found")
	case c.Method == "GET":
		return 200, obj{"id": "id" + r.ID}
	case c.Method == "POST" && fits(r.Type, address):
		r.Content = address
		return 200, obj{"id": "id" + r.ID}
	}
	return fail(400, "invalid answer")
}
