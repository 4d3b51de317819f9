package daemon

import (
	"encoding/json"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

// Status is the daemon's status, which anybody may read.
type Status struct {
	Version  string                   `json:"version"`
	PID      int                      `json:"pid"`
	Started  time.Time                `json:"started"`
	Line     netwatch.State           `json:"line"`
	Accounts map[string]update.Status `json:"accounts"`
}

// JSON spells the status as status.json holds it.
func (s Status) JSON() []byte {
	text, _ := json.Marshal(struct { // plain data
		Version  string                   `json:"version"`
		PID      int                      `json:"pid"`
		Started  time.Time                `json:"started"`
		Line     Line                     `json:"line"`
		Accounts map[string]update.Status `json:"accounts"`
	}{s.Version, s.PID, s.Started, NewLine(s.Line), s.Accounts})
	return append(text, '\n')
}

// Line is the member line of the status: what the kernel shows.
type Line struct {
	netwatch.State
	Missing map[string]Missing `json:"missing,omitempty"` // by ipv4, ipv6 and prefix
}

// Missing is why a value is missing, in one word and in a sentence.
type Missing struct {
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

// NewLine returns the member line for a State.
func NewLine(s netwatch.State) Line {
	l := Line{s, map[string]Missing{}}
	for value, m := range map[string]netwatch.Missing{"ipv4": s.NoIPv4, "ipv6": s.NoIPv6, "prefix": s.NoPrefix} {
		if m.Reason != 0 {
			l.Missing[value] = Missing{m.Reason.String(), m.Text()}
		}
	}
	return l
}
