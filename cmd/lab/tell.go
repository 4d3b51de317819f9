package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update/updatetest"
)

// teller prints the story: in colour on a terminal, plain otherwise.
type teller struct {
	w      io.Writer
	colour bool
}

func newTeller(f *os.File) teller {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return teller{f, err == nil && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Colours, as a terminal numbers them.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (t teller) paint(colour, text string) string {
	if !t.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// line prints one event: when it was, what kind it is, and what.
func (t teller) line(at time.Duration, colour, kind, text string) {
	when := strings.Repeat(" ", 12)
	if at >= 0 {
		when = fmt.Sprintf("%9.1f ms", float64(at)/float64(time.Millisecond))
	}
	fmt.Fprintf(t.w, "%s  %s  %s\n", t.paint(dim, when), t.paint(colour, fmt.Sprintf("%-7s", kind)), text)
}

// request spells a request for people, without its secret.
func requestText(r updatetest.Request) string {
	q, _ := url.QueryUnescape(r.Query.Encode())
	text := r.Method + " " + r.Path + "?" + q
	if r.Key != "" {
		text = strings.ReplaceAll(text, r.Key, "***")
	}
	return text
}

// verdictText spells how a request came and how it was answered.
func verdictText(r updatetest.Request) string {
	by := ""
	if r.By == "bearer" {
		by = "Authorization: Bearer ***   "
	}
	return fmt.Sprintf("%sanswered %d %s", by, r.Status, http.StatusText(r.Status))
}

// dnsText spells what the service's name servers answer for the home and for
// a server behind its router.
func dnsText(s *updatetest.IPv64) string {
	return fmt.Sprintf("%s A %v   nas.%s AAAA %v", domain, s.Record(domain, "").A, domain, s.Record(domain, "nas").AAAA)
}
