package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"homeward/update/rfc2136"
)

// Failed returns the outcome of an exchange without an answer.
func Failed(kind FaultKind, sent bool, detail string) Outcome {
	return Outcome{Fault: &Fault{Kind: kind, Sent: sent, Detail: FaultText(detail)}}
}

// FaultText returns s as one printable line of at most 160 bytes, for a log or a
// terminal.
func FaultText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\uFFFD' || !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	const most, dots = 160, "…"
	if len(s) <= most {
		return s
	}
	end := 0
	for i := range s {
		if i > most-len(dots) {
			break
		}
		end = i
	}
	return s[:end] + dots
}

// dialFault returns the fault for a failed TCP connection.
func (e endpoint) dialFault(ctx context.Context, within time.Duration, device string, err error) *attemptFault {
	detail := "cannot connect to " + e.host
	if device != "" {
		detail += " by " + device
	}
	var op *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &attemptFault{Fault: *canceled(false)}
	case timedOut(err):
		detail += fmt.Sprintf(": no answer within %v", within)
	default:
		if errors.As(err, &op) && op.Addr != nil {
			detail += " (" + op.Addr.String() + ")"
		}
		detail += ": " + reason(err)
	}
	f := &attemptFault{Fault: Fault{Kind: FaultConnect, Detail: FaultText(detail)}, elsewhere: errors.Is(err, syscall.ECONNREFUSED),
		noRoute: errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)}
	if refusedOrReset(err) {
		f.Kind = FaultRefused
	}
	return f
}

// refusedOrReset reports whether the service refused or reset the connection: it
// may be overloaded.
func refusedOrReset(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// tlsFault returns the fault for a failed handshake.
func (e endpoint) tlsFault(ctx context.Context, within time.Duration, err error) *attemptFault {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &attemptFault{Fault: *canceled(false)}
	}
	var (
		invalid    x509.CertificateInvalidError
		unknown    x509.UnknownAuthorityError
		unverified *tls.CertificateVerificationError
		record     tls.RecordHeaderError
		text       string
	)
	f := &attemptFault{Fault: Fault{Kind: FaultTLS}, elsewhere: errors.As(err, &unverified)}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.elsewhere = false
		f.Kind, f.Detail = e.expired(invalid.Cert, time.Now())
		return f
	case errors.As(err, &unknown):
		text = "its certificate is from an authority unknown here (a hotspot? else install ca-bundle, or set ca_file)"
	case errors.As(err, &record):
		text = "what answers there does not speak TLS"
	case timedOut(err) || ctx.Err() != nil:
		f.Kind, text = FaultSilent, fmt.Sprintf("the handshake was not done within %v", within)
	default:
		text = reason(err)
		if refusedOrReset(err) {
			f.Kind = FaultRefused
		}
	}
	f.Detail = FaultText("no secure connection to " + e.host + ": " + text)
	return f
}

// minute is how messages show a time.
const minute = "2006-01-02 15:04 MST"

// expired distinguishes a certificate that is not valid yet, because this
// machine's clock is behind, from one that has expired.
func (e endpoint) expired(cert *x509.Certificate, now time.Time) (FaultKind, string) {
	clock := now.UTC().Format(minute)
	if now.Before(cert.NotBefore) {
		return FaultClock, FaultText("waiting for NTP: this router's clock says " + clock +
			", and the certificate of " + e.host + " is valid from " + cert.NotBefore.UTC().Format(minute))
	}
	return FaultTLS, FaultText("the certificate of " + e.host + " expired at " + cert.NotAfter.UTC().Format(minute) +
		" (this router's clock says " + clock + "): the service has to renew it")
}

// otherClock returns the fault for a name server whose clock is not this machine's. It
// was sent a message, which counts.
func (e endpoint) otherClock(server, now time.Time) *Fault {
	theirs := "another time"
	if !server.IsZero() {
		theirs = server.UTC().Format(minute)
	}
	return Failed(FaultClock, true, "waiting for NTP: this router's clock says "+now.UTC().Format(minute)+
		", and that of "+e.host+" "+theirs+" (BADTIME)").Fault
}

// sentFault returns the fault for a request without a whole answer.
func (e endpoint) sentFault(ctx context.Context, within time.Duration, err error) *Fault {
	var text string
	var clock rfc2136.ClockError
	switch {
	case errors.As(err, &clock):
		return e.otherClock(clock.Server, time.Now())
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled(true)
	case timedOut(err):
		text = fmt.Sprintf("no whole answer within %v", within)
	case err == io.EOF:
		text = "the connection was closed without an answer"
	case err == io.ErrUnexpectedEOF:
		text = "the connection was closed in the middle of the answer"
	default:
		text = reason(err)
	}
	return &Fault{Kind: FaultSent, Sent: true, Detail: FaultText("sent to " + e.host + ", could not confirm: " + text)}
}

func canceled(sent bool) *Fault {
	return Failed(FaultCanceled, sent, "given up").Fault
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
}

// reason returns the innermost useful cause: package net wraps it in the call
// and the local port.
func reason(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
