package transport

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxHeaders bounds the status lines and headers of an answer, in bytes; big
// sites send 2 to 8 KiB.
const maxHeaders = 32 << 10

// maxLocation bounds a Location header, in bytes. No service moves to a longer
// URL.
const maxLocation = 2 << 10

var errNotHTTP = errors.New("the answer was not HTTP")

// authorization returns the Authorization header, "" for none. A user and
// password in the URL become Basic.
func (e endpoint) authorization(req Request) string {
	user, password := req.Login.Reveal()+req.User, req.Password.Reveal()
	if user == "" && password == "" && e.url.User != nil {
		user = e.url.User.Username()
		password, _ = e.url.User.Password()
	}
	switch {
	case !req.Bearer.IsZero():
		return "Bearer " + req.Bearer.Reveal()
	case user != "" || password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	return ""
}

// readAnswer reads one HTTP/1.x answer (RFC 9112) to any request but HEAD,
// and keeps at most max bytes of its body. Interim answers are skipped. The
// error is io.EOF if no byte came, and io.ErrUnexpectedEOF if the answer is not
// whole.
func readAnswer(r io.Reader, max int) (*Answer, error) {
	a := answerReader{br: bufio.NewReader(r), left: maxHeaders}
	h, err := a.headers()
	for err == nil && h.status < 200 && h.status != 101 {
		if h, err = a.headers(); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return nil, err
	}
	body, cut, err := a.body(h, max)
	if err != nil {
		return nil, err
	}
	return &Answer{Status: h.status, Body: body, Cut: cut, RetryAfter: h.retryAfter, Date: h.date, Location: h.location}, nil
}

// answerReader reads the lines of an answer, at most left more bytes of them.
type answerReader struct {
	br   *bufio.Reader
	left int
}

// answerHeader holds the headers that are used here.
type answerHeader struct {
	status     int
	chunked    bool
	length     int64 // -1: not given
	retryAfter string
	date       string
	location   string
}

// line returns the next line without its end.
func (a *answerReader) line() (string, error) {
	var line []byte
	for {
		part, err := a.br.ReadSlice('\n')
		if a.left -= len(part); a.left < 0 {
			return "", errNotHTTP
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case err == io.EOF && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case err != bufio.ErrBufferFull:
			return "", err
		}
	}
}

// headers reads a status line and the headers.
func (a *answerReader) headers() (answerHeader, error) {
	line, err := a.line()
	if err != nil {
		return answerHeader{}, err
	}
	h := answerHeader{length: -1}
	if h.status = parseStatus(line); h.status == 0 {
		return h, errNotHTTP
	}
	var name, value string
	for {
		line, err := a.line()
		if err != nil {
			return h, unexpected(err)
		}
		if line != "" && (line[0] == ' ' || line[0] == '\t') && name != "" {
			value += " " + strings.TrimSpace(line) // folded, RFC 9112, section 5.2
			continue
		}
		if !h.set(name, strings.TrimSpace(value)) {
			return h, errNotHTTP
		}
		if line == "" {
			return h, nil
		}
		var found bool
		name, value, found = strings.Cut(line, ":")
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			return h, errNotHTTP
		}
	}
}

// parseStatus returns the code of a status line, or 0.
func parseStatus(line string) int {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] < '0' || line[7] > '9' || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' {
		return 0
	}
	code, err := strconv.ParseUint(line[9:12], 10, 16)
	if err != nil || code < 100 {
		return 0
	}
	return int(code)
}

// set records one header. It returns false if the end of the body cannot be
// known.
func (h *answerHeader) set(name, value string) bool {
	switch strings.ToLower(name) {
	case "transfer-encoding":
		if strings.EqualFold(value, "identity") { // none, in old HTTP/1.1
			return true
		}
		h.chunked = true
		return strings.EqualFold(value, "chunked")
	case "content-length":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || h.length >= 0 && h.length != int64(n) {
			return false
		}
		h.length = int64(n)
	case "retry-after":
		h.retryAfter = headerText(value)
	case "date":
		h.date = headerText(value)
	case "location":
		if len(value) < maxLocation {
			h.location = value
		}
	}
	return true
}

// headerText returns the value of a header that holds a time, "" if it is too
// long for one.
func headerText(s string) string {
	if len(s) > 64 {
		return ""
	}
	return s
}

// body reads at most max bytes of the body. cut is true if there are more.
func (a *answerReader) body(h answerHeader, max int) (body []byte, cut bool, err error) {
	switch {
	case h.status == 204 || h.status == 304 || h.status == 101:
		return nil, false, nil
	case h.chunked:
		body, err = a.chunks(max + 1)
	case h.length >= 0:
		body, err = a.take(nil, min(h.length, int64(max)+1))
	default:
		body, err = io.ReadAll(io.LimitReader(a.br, int64(max)+1))
	}
	if err != nil && len(body) < max {
		return nil, false, unexpected(err)
	}
	if err != nil || len(body) > max {
		return body[:max], true, nil
	}
	return body, false, nil
}

// take appends n bytes to body, or fewer and an error.
func (a *answerReader) take(body []byte, n int64) ([]byte, error) {
	was := len(body)
	body = append(body, make([]byte, n)...)
	got, err := io.ReadFull(a.br, body[was:])
	return body[:was+got], unexpected(err)
}

// chunks reads a chunked body (RFC 9112, section 7.1) and its trailers, or the
// body's first max bytes.
func (a *answerReader) chunks(max int) (body []byte, err error) {
	for {
		a.left = maxHeaders // max bounds the number of chunks
		line, err := a.line()
		if err != nil {
			return body, err
		}
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 63)
		if err != nil {
			return body, errNotHTTP
		}
		if n == 0 {
			return body, a.trailers()
		}
		body, err = a.take(body, min(int64(n), int64(max-len(body))))
		if err != nil || len(body) == max {
			return body, err
		}
		if line, err = a.line(); err != nil || line != "" {
			return body, orNotHTTP(err)
		}
	}
}

// trailers skips the trailers after the last chunk.
func (a *answerReader) trailers() error {
	for {
		if line, err := a.line(); err != nil || line == "" {
			return err
		}
	}
}

// unexpected returns err, io.ErrUnexpectedEOF in place of io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// orNotHTTP returns err, or errNotHTTP if it is nil.
func orNotHTTP(err error) error {
	if err == nil {
		return errNotHTTP
	}
	return err
}
