package main

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"homeward/cmd/homeward/daemon"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/service"
	"homeward/update/state"
)

// A real parser reads what the daemon writes, whatever stands in a name.
func TestMetrics(t *testing.T) {
	odd := "a\"\\\n{} #é"
	at := time.Date(2026, 11, 21, 20, 0, 1, 0, time.UTC)
	s := daemon.Status{Version: "1.0.0", Started: at, Line: netwatch.State{IPv4: netip.MustParseAddr("203.0.113.7"), WAN: "pppoe-wan"},
		Accounts: map[string]update.Status{
			"home": {Service: "ipv64", State: update.StateCurrent, Accepted: &state.AcceptedValues{Values: service.Values{}, At: at}, Used: 2, Limit: 48,
				Counts: map[string]uint64{"": 7, update.ReasonConnect: 3, update.ReasonResolve: 1}},
			odd: {Service: "dyndns2", State: update.StateStopped},
		}}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(s.Metrics())))
	if err != nil {
		t.Fatalf("%v in\n%s", err, s.Metrics())
	}
	value := func(name string, labels ...string) (float64, bool) {
		for _, m := range families[name].GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetName(), l.GetValue())
			}
			if slices.Equal(got, labels) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
		return 0, false
	}
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"homeward_info", []string{"version", "1.0.0"}, 1},
		{"homeward_start_time_seconds", nil, float64(at.Unix())},
		{"homeward_uplink_info", []string{"ipv4", "203.0.113.7", "wan", "pppoe-wan", "ipv6", "", "wan6", "", "prefix", "", "lan", ""}, 1},
		{"homeward_account_state", []string{"account", "home", "service", "ipv64", "state", "current"}, 1},
		{"homeward_account_state", []string{"account", "home", "service", "ipv64", "state", "stopped"}, 0},
		{"homeward_account_state", []string{"account", odd, "service", "dyndns2", "state", "stopped"}, 1},
		{"homeward_account_accepted_timestamp_seconds", []string{"account", "home"}, float64(at.Unix())},
		{"homeward_account_requests_used", []string{"account", "home"}, 2},
		{"homeward_account_requests_limit", []string{"account", "home"}, 48},
		{"homeward_updates_accepted_total", []string{"account", "home"}, 7},
		{"homeward_updates_accepted_total", []string{"account", odd}, 0},
		{"homeward_updates_failed_total", []string{"account", "home", "reason", "connect"}, 3},
	} {
		if got, ok := value(tt.name, tt.labels...); !ok || got != tt.want {
			t.Errorf("%s %q = %v, %v, want %v", tt.name, tt.labels, got, ok, tt.want)
		}
	}
	if n := len(families["homeward_account_state"].GetMetric()); n != 2*len(update.States()) {
		t.Errorf("%d states, want one series for each of an account's", n)
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if families[name].GetHelp() == "" {
			t.Errorf("%s has no HELP", name)
		}
	}
}
