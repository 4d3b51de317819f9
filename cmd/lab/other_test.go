package main

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestVersionIn(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"2.10.0\n", "2.10.0"}, // inadyn
		{"  -help   : display this message\n\nddclient version 3.10.0,   originally written by", "3.10.0"},
		{"homeward 1.0.0\n", "1.0.0"},
		{"Unknown option: version\n", "?"},
		{"the 127.0.0.1 address", "?"},
	} {
		if got := versionIn(tt.text); got != tt.want {
			t.Errorf("versionIn(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// The changes come 3/4 and 1/4 of the time before the next look, whenever
// the last one was.
func TestMomentsAreSpreadOverThePeriod(t *testing.T) {
	o := other{period: 60 * time.Second}
	for _, tt := range []struct {
		k, n        int
		since, want time.Duration
	}{
		{0, 1, 0, 30 * time.Second},
		{0, 1, 20 * time.Second, 10 * time.Second},
		{0, 2, 0, 45 * time.Second},
		{1, 2, 0, 15 * time.Second},
		{1, 2, 20 * time.Second, 55 * time.Second}, // it is past: after the next look
		{0, 2, 65 * time.Second, 40 * time.Second},
	} {
		if got := o.moment(tt.k, tt.n, tt.since); got != tt.want {
			t.Errorf("moment(%d, %d, %v) = %v, want %v", tt.k, tt.n, tt.since, got, tt.want)
		}
	}
}

func TestChanges(t *testing.T) {
	for _, tt := range []struct {
		period time.Duration
		mode   mode
		want   int
	}{
		{time.Second, everything, 12}, {time.Second, quick, 12}, {30 * time.Second, quick, 3}, {time.Minute, everything, 4}, {time.Minute, quick, 1}, {5 * time.Minute, quick, 1},
	} {
		if got := (other{period: tt.period}).changes(tt.mode); got != tt.want {
			t.Errorf("changes of %v, %q = %d, want %d", tt.period, tt.mode, got, tt.want)
		}
	}
}

func TestDelayText(t *testing.T) {
	for d, want := range map[time.Duration]string{9876 * time.Microsecond: "9.88 ms", 30084 * time.Millisecond: "30.1 s"} {
		if got := delayText(d); got != want {
			t.Errorf("delayText(%v) = %q, want %q", d, got, want)
		}
	}
}

// The figures go from one process to another as JSON, the embedded ones, too.
func TestFiguresSurviveJSON(t *testing.T) {
	want := figures{Name: "inadyn", Version: "2.10.0", Period: time.Second, Usual: time.Minute, Disk: 111, Updates: 5, memory: memory{RSS: 13444, Dirty: 8304},
		Wakeups: 20, Span: time.Minute, Delays: times{time.Second}, Requests: 5}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got figures
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("figures = %+v, %v, want %+v", got, err, want)
	}
}
