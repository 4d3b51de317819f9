package update

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
)

// failed returns the outcome of an exchange without an answer.
func failed(kind FaultKind, sent bool, detail string) Outcome {
	return Outcome{Fault: &Fault{Kind: kind, Sent: sent, Detail: faultText(detail)}}
}

// faultText makes s fit for a log and a terminal: printable, one line, at most
// 160 bytes.
func faultText(s string) string {
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

// dialFault tells why no TCP connection came about.
func (e endpoint) dialFault(ctx context.Context, within time.Duration, err error) *Fault {
	kind, detail := FaultConnect, "cannot connect to "+e.host
	if e.device != "" {
		detail += " by " + e.device
	}
	var dns *net.DNSError
	var addr *net.AddrError
	var op *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return givenUp(false)
	case errors.As(err, &dns):
		kind, detail = FaultResolve, "cannot resolve "+e.host+": "+dnsText(dns)
	case errors.As(err, &addr):
		kind, detail = FaultResolve, "cannot resolve "+e.host+": it has no address of the family asked for"
	case timedOut(err):
		detail += fmt.Sprintf(": no answer within %v", within)
	default:
		if turnedAway(err) {
			kind = FaultRefused
		}
		if errors.As(err, &op) && op.Addr != nil {
			detail += " (" + op.Addr.String() + ")"
		}
		detail += ": " + reason(err)
	}
	return &Fault{Kind: kind, Detail: faultText(detail)}
}

// turnedAway tells whether a service refused or reset a connection: it may have
// more of them than it can take.
func turnedAway(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// dnsText says in a few words why a name was not resolved, and who was asked.
func dnsText(err *net.DNSError) string {
	text := err.Err
	switch {
	case err.IsTimeout:
		text = "no answer"
	case err.IsNotFound:
		text = "no such name"
	}
	if err.Server != "" {
		text += " (asked " + err.Server + ")"
	}
	return text
}

// tlsFault tells why the handshake failed.
func (e endpoint) tlsFault(ctx context.Context, within time.Duration, err error) *Fault {
	if errors.Is(ctx.Err(), context.Canceled) {
		return givenUp(false)
	}
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		text    string
		kind    = FaultTLS
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		now := time.Now().UTC().Format("2006-01-02 15:04 MST")
		text = "the certificate of " + e.host + " is not valid at this router's time: its clock says " + now + ", waiting for NTP"
		return &Fault{Kind: FaultClock, Detail: faultText(text)}
	case errors.As(err, &unknown):
		text = "its certificate is from an authority unknown here (a hotspot? else install ca-bundle, or set ca_file)"
	case errors.As(err, &record):
		text = "what answers there does not speak TLS"
	case timedOut(err) || ctx.Err() != nil:
		text = fmt.Sprintf("the handshake was not done within %v", within)
	default:
		text = reason(err)
		if turnedAway(err) {
			kind = FaultRefused
		}
	}
	return &Fault{Kind: kind, Detail: faultText("no secure connection to " + e.host + ": " + text)}
}

// sentFault tells why there is no whole answer to what was sent.
func (e endpoint) sentFault(ctx context.Context, within time.Duration, err error) *Fault {
	var text string
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return givenUp(true)
	case timedOut(err):
		text = fmt.Sprintf("no whole answer within %v", within)
	case err == io.EOF:
		text = "the connection was closed without an answer"
	case err == io.ErrUnexpectedEOF:
		text = "the connection was closed in the middle of the answer"
	default:
		text = reason(err)
	}
	return &Fault{Kind: FaultSent, Sent: true, Detail: faultText("sent to " + e.host + ", could not confirm: " + text)}
}

func givenUp(sent bool) *Fault {
	return failed(FaultGiven, sent, "given up").Fault
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
}

// reason returns the innermost cause that says something: package net puts
// our own port and the call around it.
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
