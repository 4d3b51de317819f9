package updatetest

import (
	"net/http"
	"slices"
	"strconv"
)

// do carries a call out. The words of what was done were never seen; those of
// refusals are the service's.
func (s *IPv64API) do(r *Request, call, target string, members map[string]any) (status int, said string) {
	switch call {
	case "get_account_info":
		s.account(members)
		return http.StatusOK, call
	case "get_logs":
		members["logs"] = append([]APILog{}, s.logs...)
		return http.StatusOK, call
	case "get_domains":
		members["subdomains"] = s.tell()
		return http.StatusOK, "get_domains"
	case "add_domain":
		return s.addDomain(target)
	case "del_domain":
		if s.domains[target] == nil {
			return http.StatusForbidden, "domain is not yours"
		}
		delete(s.domains, target)
		return http.StatusAccepted, "domain deleted"
	case "add_record":
		return s.addRecord(r, target)
	case "del_record":
		return s.delRecord(r, target)
	}
	return http.StatusBadRequest, "unknown call"
}

func (s *IPv64API) account(members map[string]any) {
	for name, v := range map[string]any{
		"email": "alice@example.org", "reg_date": "2022-10-28 16:54:23", "update_hash": APIUpdateHash, "api_key": s.key,
		"dyndns_updates": 17, "dyndns_subdomains": len(s.domains), "owndomains": 0, "api_updates": strconv.Itoa(s.calls),
		"account_class": map[string]any{"class_name": "Member", "dyndns_domain_limit": s.DomainLimit, "dyndns_update_limit": 48,
			"owndomain_limit": 1, "api_limit": s.Limit24h, "dyndns_ttl": 60, "vpn_queue": 0},
		"devicetoken": APINewSecret, "update_url": "https://ipv64.net/nic/update?key=" + APIUpdateHash, "twofactor": map[string]any{"otp_seed": APINewSecret},
	} {
		members[name] = v
	}
}

// tell is the domains as the API tells them: without any, an empty list.
func (s *IPv64API) tell() any {
	if len(s.domains) == 0 {
		return []any{}
	}
	out := map[string]any{}
	for name, d := range s.domains {
		var records []any
		for _, r := range d.records {
			records = append(records, map[string]any{"record_id": r.ID, "content": r.Content, "ttl": 60, "type": r.Type, "praefix": r.Praefix,
				"last_update": r.Set, "record_key": APIRecordKey + strconv.Itoa(r.ID), "failover_policy": "0", "deactivated": 0})
		}
		out[name] = map[string]any{"updates": d.updates, "wildcard": 1, "domain_update_hash": APIDomainHash, "ipv6prefix": d.prefix,
			"dualstack": "", "deactivated": 0, "records": records, "webhook": map[string]any{"secret": APINewSecret}}
	}
	return out
}

func (s *IPv64API) addDomain(name string) (status int, said string) {
	switch {
	case s.domains[name] != nil || slices.Contains(s.taken, name):
		return http.StatusForbidden, "domainname not available"
	case len(s.domains) >= s.DomainLimit:
		return http.StatusForbidden, "domain limit reached"
	}
	s.domains[name] = &apiDomain{}
	return http.StatusCreated, "domain added"
}

// record reads a record that is named by what it says.
func (r *Request) record() APIRecord {
	return APIRecord{Praefix: r.Form.Get("praefix"), Type: r.Form.Get("type"), Content: r.Form.Get("content")}
}

func (a APIRecord) same(b APIRecord) bool {
	return a.Praefix == b.Praefix && a.Type == b.Type && a.Content == b.Content
}

func (s *IPv64API) addRecord(r *Request, domain string) (status int, said string) {
	d, rec := s.domains[domain], r.record()
	switch {
	case d == nil:
		return http.StatusForbidden, "domain is not yours"
	case !slices.Contains([]string{"A", "AAAA", "TXT", "CNAME", "MX", "NS", "SRV", "TLSA", "CAA"}, rec.Type), rec.Content == "", !r.Form.Has("praefix"):
		return http.StatusBadRequest, "dns record is not valid"
	case slices.ContainsFunc(d.records, rec.same):
		return http.StatusBadRequest, "dns record already there"
	}
	s.lastID++
	rec.ID, rec.Set = s.lastID, "2026-07-21 22:00:01"
	d.records = append(d.records, rec)
	return http.StatusCreated, "dns record added"
}

func (s *IPv64API) delRecord(r *Request, target string) (status int, said string) {
	id, err := strconv.Atoi(target)
	if err != nil && s.domains[target] == nil {
		return http.StatusForbidden, "domain is not yours"
	}
	for name, d := range s.domains {
		for i, rec := range d.records {
			if err == nil && rec.ID == id || err != nil && name == target && rec.same(r.record()) {
				d.records = slices.Delete(d.records, i, i+1)
				return http.StatusAccepted, "dns record deleted"
			}
		}
	}
	return http.StatusBadRequest, "dns record not found"
}
