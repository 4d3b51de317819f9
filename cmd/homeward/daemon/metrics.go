package daemon

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"homeward/update"
)

// Metrics spells the status in Prometheus' text format
// (https://prometheus.io/docs/instrumenting/exposition_formats/), as
// metrics.prom holds it: replaced whole with each change of the status.
func (s Status) Metrics() []byte {
	var m metrics
	m.family("homeward_info", "gauge", "The daemon that runs; always 1.")
	m.sample("homeward_info", 1, "version", s.Version)
	m.family("homeward_start_time_seconds", "gauge", "When the daemon was started, since 1970.")
	m.sample("homeward_start_time_seconds", float64(s.Started.Unix()))
	m.family("homeward_uplink_info", "gauge", "What the uplink shows; always 1.")
	l := s.Line
	m.sample("homeward_uplink_info", 1, "ipv4", spelled(l.IPv4), "wan", l.WAN, "ipv6", spelled(l.IPv6), "wan6", l.WAN6, "prefix", spelled(l.Prefix), "lan", l.LAN)
	m.accounts(s.Accounts)
	return m.text
}

// metrics is a text in the making.
type metrics struct{ text []byte }

// accounts adds a family after the other, as the format wants it.
func (m *metrics) accounts(all map[string]update.Status) {
	names := slices.Sorted(maps.Keys(all))
	each := func(name, kind, help string, f func(account string, a update.Status)) {
		m.family(name, kind, help)
		for _, account := range names {
			f(account, all[account])
		}
	}
	each("homeward_account_state", "gauge", "The state of an account: 1 for the one it has.", func(account string, a update.Status) {
		for _, state := range update.States() {
			value := 0.0
			if state == a.State {
				value = 1
			}
			m.sample("homeward_account_state", value, "account", account, "service", a.Service, "state", state)
		}
	})
	each("homeward_account_accepted_timestamp_seconds", "gauge", "When the service has accepted an update last, since 1970.", func(account string, a update.Status) {
		if a.Accepted != nil {
			m.sample("homeward_account_accepted_timestamp_seconds", float64(a.Accepted.At.Unix()), "account", account)
		}
	})
	each("homeward_account_requests_used", "gauge", "Requests of the last 24 hours that the service may have counted.", func(account string, a update.Status) {
		m.sample("homeward_account_requests_used", float64(a.Used), "account", account)
	})
	each("homeward_account_requests_limit", "gauge", "Requests that the service takes in 24 hours.", func(account string, a update.Status) {
		if a.Limit != 0 {
			m.sample("homeward_account_requests_limit", float64(a.Limit), "account", account)
		}
	})
	each("homeward_updates_accepted_total", "counter", "Updates that were accepted since the daemon was started.", func(account string, a update.Status) {
		m.sample("homeward_updates_accepted_total", float64(a.Counts[""]), "account", account)
	})
	each("homeward_updates_failed_total", "counter", "Attempts that were not accepted since the daemon was started.", func(account string, a update.Status) {
		for _, reason := range slices.Sorted(maps.Keys(a.Counts)) {
			if reason != "" {
				m.sample("homeward_updates_failed_total", float64(a.Counts[reason]), "account", account, "reason", reason)
			}
		}
	})
}

func (m *metrics) family(name, kind, help string) {
	m.text = append(m.text, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample adds one value, with pairs of a label and its value. A hundred accounts
// have a thousand samples: it allocates nothing.
func (m *metrics) sample(name string, value float64, labels ...string) {
	m.text = append(m.text, name...)
	before := byte('{')
	for i := 0; i < len(labels); i += 2 {
		m.text = append(append(append(m.text, before), labels[i]...), '=', '"')
		m.text = append(append(m.text, escapeLabel(labels[i+1])...), '"')
		before = ','
	}
	if len(labels) > 0 {
		m.text = append(m.text, '}')
	}
	m.text = append(strconv.AppendFloat(append(m.text, ' '), value, 'f', -1, 64), '\n')
}

// escapeLabel escapes the three characters that a label's value must not hold.
func escapeLabel(s string) string {
	if !strings.ContainsAny(s, "\\\"\n") { // nearly always
		return s
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
