package transport

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestReadAnswer(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for _, tt := range []struct {
		name, in string
		want     string // status, body, cut, or the error
	}{
		{"length", "HTTP/1.1 200 OK|Content-Length: 4||goodmore", "200 good false"},
		{"lower case", "HTTP/1.1 200 OK|content-length:4||good", "200 good false"},
		{"no length", "HTTP/1.0 200 OK||good", "200 good false"},
		{"no reason", "HTTP/1.1 200||good", "200 good false"},
		{"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 4\n\ngood", "200 good false"},
		{"same length twice", "HTTP/1.1 200 OK|Content-Length: 4|Content-Length: 4||good", "200 good false"},
		{"folded", "HTTP/1.1 200 OK|X-A: b|  Content-Length: 9|Content-Length: 4||good", "200 good false"},
		{"folded length", "HTTP/1.1 200 OK|Content-Length:| 4||good", "200 good false"},
		{"chunks", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|go|2;x=y|od|0||", "200 good false"},
		{"chunks beat the length", "HTTP/1.1 200 OK|Content-Length: 1|Transfer-Encoding: Chunked||4|good|0||", "200 good false"},
		{"as it is", "HTTP/1.1 200 OK|Transfer-Encoding: identity|Content-Length: 4||goodmore", "200 good false"},
		{"as it is, no length", "HTTP/1.1 200 OK|Transfer-Encoding: Identity||good", "200 good false"},
		{"trailers", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||4|good|0|X: y|Z: y||", "200 good false"},
		{"interim answers", "HTTP/1.1 100 Continue||HTTP/1.1 103 Early Hints|Link: x||HTTP/1.1 200 OK|Content-Length: 4||good", "200 good false"},
		{"204 with a length", "HTTP/1.1 204 No Content|Content-Length: 4||", "204  false"},
		{"304", "HTTP/1.1 304 Not Modified||", "304  false"},
		{"switching", "HTTP/1.1 101 Switching Protocols||", "101  false"},
		{"full to the brim", "HTTP/1.1 200 OK|Content-Length: 8||12345678", "200 12345678 false"},
		{"one too many", "HTTP/1.1 200 OK|Content-Length: 9||123456789", "200 12345678 true"},
		{"one too many, chunked", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||9|123456789|0||", "200 12345678 true"},
		{"one too many, no length", "HTTP/1.1 200 OK||123456789", "200 12345678 true"},
		{"broken off where enough came", "HTTP/1.1 200 OK|Content-Length: 1000000000000||12345678", "200 12345678 true"},
		{"a huge chunk", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||7fffffffffffffff|123456789", "200 12345678 true"},

		{"nothing", "", "EOF"},
		{"half a status line", "HTTP/1.1 20", "unexpected EOF"},
		{"half a header", "HTTP/1.1 200 OK|Content-Le", "unexpected EOF"},
		{"no end of headers", "HTTP/1.1 200 OK|Content-Length: 4|", "unexpected EOF"},
		{"only an interim answer", "HTTP/1.1 100 Continue||", "unexpected EOF"},
		{"half a body", "HTTP/1.1 200 OK|Content-Length: 5||good", "unexpected EOF"},
		{"half a chunk", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||5|good", "unexpected EOF"},
		{"no last chunk", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||4|good|", "unexpected EOF"},
		{"no end of trailers", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||4|good|0|X: y|", "unexpected EOF"},

		{"a page without headers", "<html>good</html>|", "the answer was not HTTP"},
		{"another protocol", "SSH-2.0-OpenSSH|", "the answer was not HTTP"},
		{"HTTP/2", "HTTP/2.0 200 OK||", "the answer was not HTTP"},
		{"no code", "HTTP/1.1 abc||", "the answer was not HTTP"},
		{"a signed code", "HTTP/1.1 +20 OK||", "the answer was not HTTP"},
		{"a code too long", "HTTP/1.1 2000||", "the answer was not HTTP"},
		{"code 000", "HTTP/1.1 000 x||", "the answer was not HTTP"},
		{"a header without a colon", "HTTP/1.1 200 OK|good||", "the answer was not HTTP"},
		{"a header with a space", "HTTP/1.1 200 OK|Content-Length : 4||good", "the answer was not HTTP"},
		{"folded before any", "HTTP/1.1 200 OK| x: y||", "the answer was not HTTP"},
		{"lengths that differ", "HTTP/1.1 200 OK|Content-Length: 4|Content-Length: 5||good", "the answer was not HTTP"},
		{"negative length", "HTTP/1.1 200 OK|Content-Length: -1||good", "the answer was not HTTP"},
		{"length beyond counting", "HTTP/1.1 200 OK|Content-Length: 99999999999999999999||good", "the answer was not HTTP"},
		{"compressed", "HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked||", "the answer was not HTTP"},
		{"chunk without a size", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||x|good|", "the answer was not HTTP"},
		{"chunk longer than said", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|good|0||", "the answer was not HTTP"},
		{"a header of 40 KiB", "HTTP/1.1 200 OK|X: " + long + "||good", "the answer was not HTTP"},
		{"40 KiB of headers", "HTTP/1.1 200 OK|" + strings.Repeat("X: y|", 9<<10) + "|good", "the answer was not HTTP"},
		{"endless interim answers", strings.Repeat("HTTP/1.1 100 Continue||", 2<<10), "the answer was not HTTP"},
		{"endless trailers", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||4|good|0|" + strings.Repeat("X: y|", 9<<10), "the answer was not HTTP"},
	} {
		in := strings.ReplaceAll(tt.in, "|", "\r\n")
		for how, r := range map[string]io.Reader{"whole": strings.NewReader(in), "dripping": &drip{in}} {
			a, err := readAnswer(r, 8)
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprint(a.Status, " ", string(a.Body), " ", a.Cut)
			}
			if got != tt.want {
				t.Errorf("%s, %s: %s, want %s", tt.name, how, got, tt.want)
			}
		}
	}
}

// drip gives one byte a read.
type drip struct{ left string }

func (d *drip) Read(b []byte) (int, error) {
	if d.left == "" {
		return 0, io.EOF
	}
	b[0], d.left = d.left[0], d.left[1:]
	return 1, nil
}

func TestManySmallChunksAreNoHeaders(t *testing.T) {
	in := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", maxHeaders) + "0\r\n\r\n"
	if a, err := readAnswer(strings.NewReader(in), 1<<20); err != nil || len(a.Body) != maxHeaders {
		t.Errorf("%v", err)
	}
}

func TestHeadersThatHoldATime(t *testing.T) {
	a, err := readAnswer(strings.NewReader("HTTP/1.1 429 x\r\nRETRY-AFTER:  7 \r\nDate: Sat, 21 Nov 2026 20:00:00 GMT\r\nContent-Length: 0\r\n\r\n"), 8)
	if err != nil || a.RetryAfter != "7" || a.Date != "Sat, 21 Nov 2026 20:00:00 GMT" {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = readAnswer(strings.NewReader("HTTP/1.1 429 x\r\nRetry-After: "+strings.Repeat("7", 65)+"\r\nContent-Length: 0\r\n\r\n"), 8)
	if err != nil || a.RetryAfter != "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// FuzzResponse holds answers against net/http: what both accept has the same
// status and body. It also bounds what is read.
func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\ngood\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 429 x\r\nRetry-After: 7\r\nX: y\r\n z\r\n\r\nUpdateintervall overcommited",
		"HTTP/1.1 200 OK\nContent-Length: 0\nContent-Length: 0\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const max = 64
		a, err := readAnswer(strings.NewReader(string(b)), max)
		if err != nil {
			return
		}
		if a.Status < 100 || a.Status > 999 || len(a.Body) > max || a.Cut && len(a.Body) != max {
			t.Fatalf("%+v", a)
		}
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(b))), nil)
		if err != nil || resp.StatusCode < 200 || a.Status == 101 {
			return // stricter than us about what we do not look at
		}
		if !resp.ProtoAtLeast(1, 1) && strings.Contains(strings.ToLower(string(b)), "transfer-encoding") {
			return // ignored there in HTTP/1.0, honoured here (RFC 9112, section 6.1)
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, max))
		if errors.Is(err, io.ErrUnexpectedEOF) && len(body) < max && !a.Cut {
			t.Fatalf("net/http misses the end of %q, we took %+v", b, a)
		}
		if err == nil && (resp.StatusCode != a.Status || string(body) != string(a.Body)) {
			t.Fatalf("net/http reads %d %q, we %+v", resp.StatusCode, body, a)
		}
	})
}
