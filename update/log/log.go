// Package log has the levels of messages to the owner, and formats their times.
package log

import (
	"strings"
	"time"
)

// Level is how much a message matters to the owner.
type Level int

const (
	Debug Level = iota
	Info        // worth reading a day later
	Warn        // passes by itself
	Error       // a person has to act
)

// Duration formats a duration with as many digits as people need.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}

// RetryIn returns the sentence that says when the next attempt is.
func RetryIn(in time.Duration) string {
	if in <= 0 {
		return "Trying again now"
	}
	return "Trying again in " + Duration(in)
}
