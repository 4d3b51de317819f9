package update

import (
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Reason is why an account is not current, in one word for programs (status).
// An account that waits for a value has the word of package netwatch instead.
type Reason = string

const (
	ReasonResolve       Reason = "resolve"                // the service's name is not resolved
	ReasonConnect       Reason = "connect"                // no connection, or it is refused
	ReasonTLS           Reason = "tls"                    // no secure connection
	ReasonClock         Reason = "clock"                  // this machine's clock is wrong
	ReasonUnconfirmed   Reason = "unconfirmed"            // sent, and no whole answer came
	ReasonServerError   Reason = "server-error"           // 5xx
	ReasonNotTheService Reason = "not-the-service"        // a hotspot's page, a redirect, an unknown answer
	ReasonServiceLimit  Reason = state.ReasonServiceLimit // the service names a limit
	ReasonQuota10s      Reason = "quota-10s"              // as many requests as it takes in 10 s
	ReasonQuota24h      Reason = "quota-24h"              // as many as it takes in 24 h
	ReasonReserve       Reason = "reserve"                // what is left of the day is kept for changes
	ReasonSettling      Reason = "settling"               // few are left: waits until the uplink is still
	ReasonLocked        Reason = "locked"                 // the service may have locked the key or a host
	ReasonBusy          Reason = "busy"                   // dyndns2: 911, dnserr
	ReasonUnauthorized  Reason = "unauthorized"           // the secret is wrong
	ReasonRefused       Reason = "refused"                // a person must change something
)

// Reasons returns all of them.
func Reasons() []Reason {
	return []Reason{ReasonResolve, ReasonConnect, ReasonTLS, ReasonClock, ReasonUnconfirmed, ReasonServerError, ReasonNotTheService,
		ReasonServiceLimit, ReasonQuota10s, ReasonQuota24h, ReasonReserve, ReasonSettling, ReasonLocked, ReasonBusy,
		ReasonUnauthorized, ReasonRefused}
}

// faultReason returns the reason of an exchange without an answer; "" for one that
// was given up.
func faultReason(kind transport.FaultKind) Reason {
	switch kind {
	case transport.FaultResolve:
		return ReasonResolve
	case transport.FaultConnect, transport.FaultRefused:
		return ReasonConnect
	case transport.FaultTLS, transport.FaultSilent:
		return ReasonTLS
	case transport.FaultClock:
		return ReasonClock
	case transport.FaultSent:
		return ReasonUnconfirmed
	}
	return ""
}

// answerReason returns the reason of an answer that is not Accepted.
func answerReason(r service.Result) Reason {
	switch r.Verdict {
	case service.Temporary:
		if r.Overload {
			return ReasonServerError
		}
	case service.Limited:
		return ReasonServiceLimit
	case service.Busy:
		return ReasonBusy
	case service.Unauthorized:
		return ReasonUnauthorized
	case service.Refused, service.Locked:
		return ReasonRefused
	}
	return ReasonNotTheService
}

// stopReason returns the reason of a stop; older versions have not stored it.
func stopReason(s *state.Stop) Reason {
	if s.Reason == "" {
		return ReasonRefused
	}
	return s.Reason
}
