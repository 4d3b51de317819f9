package update

import (
	"bufio"
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
)

func bufioStdin() *bufio.Reader { return bufio.NewReader(os.Stdin) }

func TestFramesComeBackAsTheyWent(t *testing.T) {
	var b bytes.Buffer
	req := Request{
		Method: "POST", URL: Text{}.Plain("https://a/?x=").Secret(NewSecret("hunter2"), nil), Form: Text{}.Plain("a=b"),
		Bearer: NewSecret("bearer"), User: "me", Password: NewSecret("word"), Device4: "pppoe-wan", Device6: "wan6",
		Known: splitAddrs("192.0.2.1 2001:db8::1"), Family: 6, CAFile: "/ca.pem", MaxBody: 9, AllowHTTP: true, Root: "00ff",
	}
	outcomes := []Outcome{
		{Answer: &Answer{Status: 429, Body: []byte("\x00body\n"), Cut: true, RetryAfter: "7", Date: "now", Location: "https://x.example/", Root: "00ff", Known: splitAddrs("2001:db8::1 192.0.2.1")}},
		{Fault: &Fault{Kind: FaultSent, Detail: "could not confirm", Sent: true}, Forget: splitAddrs("192.0.2.1")},
	}
	writeFrame(&b, req.fields()...)
	for _, o := range outcomes {
		writeFrame(&b, o.fields()...)
	}
	r := bufio.NewReader(&b)
	f, err := readFrame(r, 1000)
	got, err2 := parseRequest(f)
	if err != nil || err2 != nil || !reflect.DeepEqual(got.fields(), req.fields()) {
		t.Errorf("request %q, %v, %v", f, err, err2)
	}
	if strings.Contains(got.URL.String(), "hunter2") {
		t.Errorf("the URL shows as %v", got.URL)
	}
	for _, want := range outcomes {
		f, err := readFrame(r, 1000)
		got, err2 := parseOutcome(f)
		if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("outcome %q, %v, %v", f, err, err2)
		}
	}
}

func TestFramesAreBounded(t *testing.T) {
	var b bytes.Buffer
	writeFrame(&b, "12345")
	whole := b.String()
	if _, err := readFrame(bufio.NewReader(strings.NewReader(whole)), 8); err != errFrame {
		t.Errorf("a frame beyond the bound: %v", err)
	}
	if f, err := readFrame(bufio.NewReader(strings.NewReader(whole)), 9); err != nil || f[0] != "12345" {
		t.Errorf("a frame of the bound: %q, %v", f, err)
	}
}

// FuzzFrame reads foreign bytes as a frame and as what one can hold.
func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	writeFrame(&b, Outcome{Answer: &Answer{Status: 200}}.fields()...)
	f.Add(b.Bytes())
	f.Add([]byte{frameMark, 0, 0, 0, 4, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, in []byte) {
		fields, err := readFrame(bufio.NewReader(bytes.NewReader(in)), 1000)
		if err != nil {
			return
		}
		var out bytes.Buffer
		writeFrame(&out, fields...)
		if !bytes.HasPrefix(in, out.Bytes()) {
			t.Fatalf("%q reads as %q", in, fields)
		}
		parseRequest(fields)
		parseReady(fields)
		if o, err := parseOutcome(fields); err == nil && (o.Answer == nil) == (o.Fault == nil) {
			t.Fatalf("%q is %+v", fields, o)
		}
	})
}
