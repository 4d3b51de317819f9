package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"homeward/update/updatetest"
)

// gone is a hint of a root that is nowhere any more.
var gone = strings.Repeat("gone", CAHintLen/4)

// derOf returns the certificates of a PEM file.
func derOf(t testing.TB, text []byte) (ders [][]byte) {
	t.Helper()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		ders = append(ders, block.Bytes)
	}
	if len(ders) == 0 {
		t.Fatal("no certificate")
	}
	return ders
}

// poolOf returns a pool of just these certificates.
func poolOf(t testing.TB, ders ...[]byte) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	for _, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		pool.AddCert(cert)
	}
	return pool
}

func TestHintChoosesAmongTheRoots(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "")
	const ownFile = "testdata/own-ca.pem"
	system := derOf(t, updatetest.ReadFile(t, bundleFile))
	own := derOf(t, updatetest.ReadFile(t, ownFile))
	last := system[len(system)-1]
	all, err := systemRoots()
	if err != nil {
		t.Fatal(err)
	}
	both := all.Clone()
	both.AppendCertsFromPEM(updatetest.ReadFile(t, ownFile))
	for _, tt := range []struct {
		name, caFile, hint string
		want               *x509.CertPool
		some               bool
	}{
		{"no hint", "", "", all, false},
		{"one of the system's", "", caHint(last), poolOf(t, last), true},
		{"one of the system's, beside a ca_file", ownFile, caHint(last), poolOf(t, last, own[0]), true},
		{"that of the ca_file", ownFile, caHint(own[0]), poolOf(t, own...), true},
		{"one that is nowhere (any more)", "", caHint(own[0]), all, false},
		{"one that is nowhere, beside a ca_file", ownFile, gone, both, false},
		{"garbage", "", "\x00../../etc/passwd", all, false},
		{"in capitals", "", strings.ToUpper(caHint(last)), all, false},
	} {
		r := readRoots(tt.caFile, tt.hint)
		if r.err != nil || r.partial != tt.some || !r.pool.Equal(tt.want) {
			t.Errorf("%s: other roots than wanted, or some = %v, %v", tt.name, r.partial, r.err)
		}
	}
	t.Setenv("SSL_CERT_FILE", "/nonexistent")
	t.Setenv("SSL_CERT_DIR", "/nonexistent")
	if systemRoot(caHint(last)) != nil {
		t.Error("a hint brought back a root that the environment took away")
	}
}

func TestFindRootInAnOddFile(t *testing.T) {
	good := updatetest.ReadFile(t, "testdata/own-ca.pem")
	der := derOf(t, good)[0]
	junk := bytes.Repeat([]byte("bad"), 100)
	bad := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: junk})
	torn := good[:len(good)/2]
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	headed := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"A": "b"}, Bytes: der})
	for name, tt := range map[string]struct {
		text []byte
		id   string
		want bool
	}{
		"nothing":                    {nil, caHint(der), false},
		"text":                       {[]byte("hello\n"), caHint(der), false},
		"alone":                      {good, caHint(der), true},
		"behind a bad block":         {append(bytes.Clone(bad), good...), caHint(der), true},
		"behind a torn one":          {append(append(bytes.Clone(torn), '\n'), good...), caHint(der), true},
		"torn":                       {torn, caHint(der), false},
		"a bad block by its name":    {append(bytes.Clone(bad), good...), caHint(junk), false},
		"another kind of block":      {key, caHint(der), false},
		"with headers, as Go has it": {headed, caHint(der), false},
		"lines of another length":    {bytes.ReplaceAll(good, []byte(caHint(der)), []byte(caHint(der)[:60]+"\n"+caHint(der)[60:])), caHint(der), false},
		"the line alone":             {[]byte(caHint(der)), caHint(der), false},
		"another line of it":         {good, string(bytes.Split(good, []byte("\n"))[1]), false},
		"another name":               {good, gone, false},
		"no name":                    {good, "", false},
	} {
		root := findRoot(tt.text, tt.id)
		if (root != nil) != tt.want || root != nil && !bytes.Equal(root.Raw, der) {
			t.Errorf("%s: %v", name, root != nil)
		}
	}
}

// FuzzFindRoot holds the choice against what Go itself takes from a file.
func FuzzFindRoot(f *testing.F) {
	good := updatetest.ReadFile(f, "testdata/own-ca.pem")
	der := derOf(f, good)[0]
	f.Add(good, caHint(der))
	f.Add(append([]byte("-----BEGIN CERTIFICATE-----\nYmFk\n-----END CERTIFICATE-----\n"), good...), caHint(der))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nYmFk\n-----BEGIN CERTIFICATE-----\nYmFk"), "YmFk")
	f.Fuzz(func(t *testing.T, text []byte, hint string) {
		root := findRoot(text, hint)
		if root == nil {
			return
		}
		all := x509.NewCertPool()
		all.AppendCertsFromPEM(text)
		more := all.Clone()
		if more.AddCert(root); caHint(root.Raw) != hint || !more.Equal(all) {
			t.Fatalf("%q of %q is not one of its roots", hint, text)
		}
	})
}

// TestHintThatDoesNotVerify is of a service that has another authority than
// the last time: it is asked once more, with all roots.
func TestHintThatDoesNotVerify(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "")
	s, srv, ca := standIn(t, updatetest.Options{})
	own := caHint(derOf(t, srv.CA)[0])
	req := updateRequest(srv.URL, ca)
	for name, hint := range map[string]string{
		"none": "", "the right one": own, "garbage": "x",
		"another host's, in ca_file": caHint(derOf(t, updatetest.ReadFile(t, "testdata/own-ca.pem"))[0]),
		"another host's":             caHint(derOf(t, updatetest.ReadFile(t, bundleFile))[0]),
	} {
		req.CAHint = hint
		ready := 0
		before := len(s.Requests())
		o := steady().exchange(t.Context(), req, func(netip.Addr) bool { ready++; return true })
		if o.Answer == nil || o.Answer.CAHint != own || ready != 1 || len(s.Requests()) != before+1 {
			t.Errorf("%s: %+v %+v, asked %d times whether to send", name, o.Answer, o.Fault, ready)
		}
	}
	// An authority that only the hint knows stays unknown.
	req.CAFile, req.CAHint = "", own
	o := steady().exchange(t.Context(), req, nil)
	if o.Fault == nil || o.Fault.Kind != FaultTLS || !strings.Contains(o.Fault.Detail, "authority unknown here") {
		t.Errorf("a hint alone made it trusted: %+v %+v", o.Answer, o.Fault)
	}
}

// TestHintTriesOnceMore is of a service that nobody vouches for, and of a hint
// that ca_file's roots go along with.
func TestHintTriesOnceMore(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "")
	_, srv, _ := standIn(t, updatetest.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connections := make(chan bool, 10)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			connections <- true
			go relay(in, strings.TrimPrefix(srv.URL, "https://"))
		}
	}()
	system := caHint(derOf(t, updatetest.ReadFile(t, bundleFile))[0])
	for hint, want := range map[string]int{"": 1, system: 2, gone: 1} {
		req := updateRequest("https://"+l.Addr().String(), "")
		req.CAHint = hint
		o := steady().exchange(t.Context(), req, nil)
		got := len(connections)
		for range got {
			<-connections
		}
		if got != want || o.Fault == nil || o.Fault.Kind != FaultTLS || o.Fault.Sent {
			t.Errorf("hint %q: %d connections, want %d, %+v", hint, got, want, o.Fault)
		}
	}
}

func BenchmarkRoots(b *testing.B) {
	ders := derOf(b, updatetest.ReadFile(b, bundleFile))
	for name, hint := range map[string]string{"all": "", "hint of the first": caHint(ders[0]), "hint of the last": caHint(ders[len(ders)-1])} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				readRoots("", hint)
			}
		})
	}
}

// relay passes a connection on to addr until one end closes.
func relay(in net.Conn, addr string) {
	defer in.Close()
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { io.Copy(out, in); out.Close() }()
	io.Copy(in, out)
}
