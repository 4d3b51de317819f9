package updatetest

import (
	"net"
	"net/http"
	"time"
)

// Fault is what goes wrong with an answer.
type Fault int

const (
	Whole   Fault = iota // nothing
	Reset                // none: the connection is reset
	Half                 // the connection is closed in the middle of the headers
	Short                // the body is shorter than its length says
	Endless              // the body goes on until the client leaves
)

// Answer is one scripted answer, in place of the one that the request would
// get.
type Answer struct {
	Status  int // 0: 200
	Body    string
	Header  http.Header
	Delay   time.Duration // before it begins
	Drip    time.Duration // between two bytes of the body
	Fault   Fault
	Process bool // carry the request out first and give the answer to that, with the faults of this one
}

// pop takes the next scripted answer from the queue. The request counts
// against the limits all the same; one that is processed is counted there.
func (s *IPv64) pop(r *Request) (a Answer, scripted bool) {
	if len(s.next) == 0 {
		return Answer{}, false
	}
	a, s.next = s.next[0], s.next[1:]
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if !a.Process {
		s.over(r)
	}
	return a, true
}

// write sends an answer with its faults.
func (a Answer) write(w http.ResponseWriter, r *http.Request, status int, body string) {
	if !pause(r, a.Delay) {
		return
	}
	if a.Fault == Reset || a.Fault == Half {
		a.abort(w, status)
		return
	}
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if a.Fault == Short {
		w.Header().Set("Content-Length", "1000")
	}
	w.WriteHeader(status)
	a.writeBody(w, r, body)
	if a.Fault == Short {
		panic(http.ErrAbortHandler) // closes the connection
	}
}

// writeBody sends the body, dripping or without an end if so told.
func (a Answer) writeBody(w http.ResponseWriter, r *http.Request, body string) {
	flush := http.NewResponseController(w).Flush
	if a.Drip == 0 {
		w.Write([]byte(body))
		flush()
	}
	for i := 0; a.Drip > 0 && i < len(body) && pause(r, a.Drip); i++ {
		w.Write([]byte{body[i]})
		flush()
	}
	filler := make([]byte, 4096)
	for i := range filler {
		filler[i] = ' '
	}
	for a.Fault == Endless && r.Context().Err() == nil {
		if _, err := w.Write(filler); err != nil {
			return
		}
	}
}

// abort takes the connection from the server and ends it.
func (a Answer) abort(w http.ResponseWriter, status int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	if a.Fault == Half {
		conn.Write([]byte("HTTP/1.1 " + statusLine(status) + "\r\nContent-Ty"))
		return
	}
	raw := conn
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = t.NetConn() // a TLS connection would say goodbye first
	}
	if t, ok := raw.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	raw.Close()
}

// pause waits and returns true, or false if the client leaves before.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
