package main

import (
	"strings"
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	b := budget{"Private_Dirty", "kB", 1000, 800}
	for _, tt := range []struct {
		figure float64
		want   string
	}{
		{0, "ok"}, {800, "ok"}, {801, "ok, over the aim"}, {1000, "ok, over the aim"}, {1000.5, "OVER"}, {4000, "OVER"},
	} {
		if got := (held{b, "idle", tt.figure}).verdict(); got != tt.want {
			t.Errorf("verdict of %v = %q, want %q", tt.figure, got, tt.want)
		}
	}
	for figure, want := range map[float64]string{0: "ok", 1: "OVER"} {
		if got := (held{wakeBudget, "idle", figure}).verdict(); got != want {
			t.Errorf("verdict of %v wake-ups = %q, want %q", figure, got, want)
		}
	}
}

// What is over makes the bench fail, all of it is named, and nothing else.
func TestTheLedgerNamesWhatIsOver(t *testing.T) {
	var l ledger
	if err := l.err(); err != nil {
		t.Errorf("of nothing err = %v, want nil", err)
	}
	l.hold(budget{"RSS", "kB", 6000, 2500}, "after 5 updates", 6000)
	if err := l.err(); err != nil {
		t.Errorf("at the limit err = %v, want nil", err)
	}
	l.hold(budget{"wake-ups", "", 0, 0}, "in 20s", 1)
	l.hold(budget{"latency, median", "ms", 10, 8}, "IPv4", 10.25)
	want := "over budget:\n  wake-ups, in 20s: 1, and at most 0 is allowed\n  latency, median, IPv4: 10.25 ms, and at most 10.00 ms is allowed"
	if err := l.err(); err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
}

func TestTheLedgerPrintsFigureLimitAndAim(t *testing.T) {
	var l ledger
	l.hold(budget{"RSS", "kB", 6000, 2500}, "after 5 updates", 2600)
	var out strings.Builder
	l.print(&out)
	_, row, _ := strings.Cut(out.String(), "aim")
	if got, want := strings.Join(strings.Fields(row), " "), "RSS after 5 updates 2600 kB 6000 kB 2500 kB ok, over the aim"; got != want {
		t.Errorf("row = %q, want %q", got, want)
	}
}

// The figures that were agreed on: another one is a decision, not an accident.
func TestBudgets(t *testing.T) {
	for _, tt := range []struct {
		name       string
		got        budget
		limit, aim float64
	}{
		{"dirty after 5 updates", dirtyBudget, 950, 950},
		{"after 100, and 1000 in a row", laterBudget, 1000, 1000},
		{"after 1000, each with a worker of its own", separateBudget, 1250, 1250},
		{"rss", rssBudget, 2500, 2500},
		{"wake-ups", wakeBudget, 0, 0},
		{"peak", peakBudget, 11 * 1024, 8600},
		{"alone, where a start is short", aloneBudget(3*time.Millisecond, time.Millisecond), 14, 14},
		{"alone, where a start is long", aloneBudget(3*time.Millisecond, 11*time.Millisecond), 20, 20},
		{"in a row", rowBudget(3 * time.Millisecond), 12, 12},
	} {
		if tt.got.limit != tt.limit || tt.got.aim != tt.aim {
			t.Errorf("%s: %v and %v, want %v and %v", tt.name, tt.got.limit, tt.got.aim, tt.limit, tt.aim)
		}
	}
}

func TestParseMode(t *testing.T) {
	for in, want := range map[string]mode{"": everything, "quick": quick, "budgets": onlyBudgets} {
		if got, err := parseMode(in); got != want || err != nil {
			t.Errorf("parseMode(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	if _, err := parseMode("fast"); err == nil || err.Error() != "BENCH=fast: write quick, budgets, or nothing for all of it" {
		t.Errorf("parseMode(fast): %v", err)
	}
	for m, want := range map[mode]int{everything: 1000, quick: 100, onlyBudgets: 100} {
		if got := m.rounds(1000, 100); got != want {
			t.Errorf("rounds of %q = %d, want %d", m, got, want)
		}
	}
}
