package updatetest

import (
	"net/http"
	"strings"
)

// The services of this file list all records of a zone, or answer 200 to everything.

// luadns: https://luadns.com/api
func (c zoneCall) luadns() (int, any) {
	user, key, _ := c.BasicAuth()
	zone := ""
	if len(c.path) > 2 {
		for i, z := range c.zones {
			if c.path[2] == zoneID(i) {
				zone = z
			}
		}
	}
	fields := func() ZoneRecord {
		return ZoneRecord{Zone: zone, Name: strings.TrimSuffix(c.field("name"), "."), Type: c.field("type"), Content: c.field("content"), TTL: 300}
	}
	switch {
	case user != c.user || key != c.key:
		return 401, obj{"status": "Unauthorized", "message": "Invalid credentials."}
	case c.is("GET", "v1/zones"):
		list := []obj{}
		for i, z := range c.zones {
			list = append(list, obj{"id": number(zoneID(i)), "name": z})
		}
		return 200, list
	case zone == "":
		return 404, obj{"message": "Zone not found."}
	case c.is("GET", "v1/zones/*/records"):
		list := []obj{}
		for _, r := range c.records {
			list = append(list, obj{"id": number(r.ID), "name": r.Name + ".", "type": r.Type, "content": r.Content})
		}
		return 200, list
	case !strings.HasSuffix(c.field("name"), ".") || !fits(c.field("type"), c.field("content")):
		return 400, obj{"message": "Invalid record."}
	case c.is("POST", "v1/zones/*/records"):
		return 200, obj{"id": number(c.add(fields()).ID)}
	case c.is("PUT", "v1/zones/*/records/*"):
		r := c.byID(zone, c.path[4])
		if r == nil {
			return 404, obj{"message": "Record not found."}
		}
		id := r.ID
		*r = fields()
		r.ID = id
		return 200, obj{"id": number(id)}
	}
	return 405, obj{"message": "no such method"}
}

// namesilo: https://www.namesilo.com/api-reference
func (c zoneCall) namesilo() (int, any) {
	q := c.URL.Query()
	reply := func(code int, detail string, more obj) (int, any) {
		r := obj{"code": code, "detail": detail}
		for name, v := range more {
			r[name] = v
		}
		return 200, obj{"request": obj{"operation": c.path[1]}, "reply": r}
	}
	zone := q.Get("domain")
	switch {
	case q.Get("key") != c.key:
		return reply(110, "Invalid API Key", nil)
	case !c.holds(zone):
		return reply(200, "Domain is not active, or does not belong to this user", nil)
	case c.is("GET", "api/dnsListRecords"):
		list := []obj{{"record_id": "0", "type": "NS", "host": zone}}
		for _, r := range c.records {
			list = append(list, obj{"record_id": r.ID, "type": r.Type, "host": r.Name, "value": r.Content})
		}
		return reply(300, "success", obj{"resource_record": list})
	case c.is("GET", "api/dnsUpdateRecord"):
		r := c.byID(zone, q.Get("rrid"))
		if r == nil || r.Name != whole(q.Get("rrhost"), zone) || !fits(r.Type, q.Get("rrvalue")) {
			return reply(280, "DNS modification error", nil)
		}
		r.Content = q.Get("rrvalue")
		return reply(300, "success", nil)
	case c.is("GET", "api/dnsAddRecord") && c.find(zone, whole(q.Get("rrhost"), zone), q.Get("rrtype")) == nil &&
		c.set(zone, whole(q.Get("rrhost"), zone), q.Get("rrtype"), q.Get("rrvalue")):
		return reply(300, "success", nil)
	}
	return reply(280, "DNS modification error", nil)
}

// dnspod: https://docs.dnspod.cn/api/
func (c zoneCall) dnspod() (int, any) {
	reply := func(code, text string, more obj) (int, any) {
		r := obj{"status": obj{"code": code, "message": text}}
		for name, v := range more {
			r[name] = v
		}
		return 200, r
	}
	zone, kind, value := c.form.Get("domain"), c.form.Get("record_type"), c.form.Get("value")
	name := whole(c.form.Get("sub_domain"), zone)
	switch {
	case c.Method != http.MethodPost || c.form.Get("format") != "json":
		return reply("-2", "POST alone", nil)
	case c.form.Get("login_token") != c.user+","+c.key:
		return reply("-1", "Login fails", nil)
	case !c.holds(zone):
		return reply("13", "No domain", nil)
	case c.is("POST", "Domain.Info"):
		return reply("1", "Action completed successful", obj{"domain": obj{"id": "9", "name": zone}})
	case c.is("POST", "Record.List"):
		r := c.find(zone, name, kind)
		if r == nil {
			return reply("10", "No records", nil)
		}
		return reply("1", "ok", obj{"records": []obj{{"id": "0", "type": kind, "line_id": "7"}, {"id": r.ID, "type": kind, "line_id": "0"}}})
	case c.is("POST", "Record.Create") && c.find(zone, name, kind) == nil && c.set(zone, name, kind, value):
		return reply("1", "ok", nil)
	case c.is("POST", "Record.Modify"):
		r := c.byID(zone, c.form.Get("record_id"))
		if r == nil {
			return reply("8", "Record id invalid", nil)
		}
		if r.Name == name && r.Type == kind && fits(kind, value) {
			r.Content = value
			return reply("1", "ok", nil)
		}
	}
	return reply("6", "Parameters are wrong", nil)
}
