package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signedSample(t *testing.T, key *ecdsa.PrivateKey) *archive {
	t.Helper()
	a, err := makeAPK(sampleInput(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := sign(a, key); err != nil {
		t.Fatal(err)
	}
	return a
}

// The signature is taken apart here by the format's words alone: a block of
// type 1 behind the adb block; version 0, digest 4 (SHA-512), 16 bytes of the
// SHA-512 of the key's point, the signature of schema, these 18 bytes and the
// SHA-512 of the adb.
func TestSignatureIsTheFormats(t *testing.T) {
	key := newKey(t)
	file := signedSample(t, key).bytes()
	unsigned := sample(t, "homeward-1.2.3-r1.none.apk")
	const adbEnd = 8 + 1248
	if !bytes.Equal(file[:adbEnd], unsigned[:adbEnd]) {
		t.Fatal("signing changed the adb block")
	}
	if file[adbEnd+3]>>6 != 1 {
		t.Fatalf("behind the adb block: %x, want a signature block", file[adbEnd:adbEnd+4])
	}
	size := int(file[adbEnd]) | int(file[adbEnd+1])<<8
	sig := file[adbEnd+4 : adbEnd+size]
	if !bytes.Equal(file[adbEnd+(size+7)/8*8:], unsigned[adbEnd:]) {
		t.Error("signing changed the data blocks")
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	id := sha512.Sum512(point)
	if sig[0] != 0 || sig[1] != 4 || !bytes.Equal(sig[2:18], id[:16]) {
		t.Errorf("signature header %x, want 0004 and %x", sig[:18], id[:16])
	}
	adb := sha512.Sum512(unsigned[12 : 12+1244])
	msg := append([]byte("pckg"), sig[:18]...)
	digest := sha512.Sum512(append(msg, adb[:]...))
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig[18:]) {
		t.Error("the signature does not verify")
	}
}

func TestSignedPackageIsReproducibleAndVerified(t *testing.T) {
	key := newKey(t)
	one, two := signedSample(t, key), signedSample(t, key)
	if !bytes.Equal(one.bytes(), two.bytes()) {
		t.Error("two signatures of the same package differ")
	}
	if err := check(one); err != nil {
		t.Error(err)
	}
	read, err := readArchive(bytes.NewReader(deflate(one.bytes())))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key    *ecdsa.PublicKey
		change func(*archive)
		want   string
	}{
		"ours":          {&key.PublicKey, func(*archive) {}, ": OK\n"},
		"no key":        {nil, func(*archive) {}, ": UNTRUSTED signature\n"},
		"another's key": {&newKey(t).PublicKey, func(*archive) {}, ": UNTRUSTED signature\n"},
		"other content": {&key.PublicKey, func(a *archive) { a.adb[20] ^= 1 }, ": BAD signature\n"},
		"as an index":   {&key.PublicKey, func(a *archive) { a.schema = schemaIndex }, "BAD signature"},
	} {
		a := *read
		a.adb = bytes.Clone(read.adb)
		c.change(&a)
		if a.schema == schemaIndex {
			if err := verify(&a, a.sigs[0], c.key); err == nil || err.Error() != c.want {
				t.Errorf("%s: verify = %v, want %s", name, err, c.want)
			}
			continue
		}
		var out strings.Builder
		if err := dump(&out, &a, c.key); err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: dump = %v\n%s\nwant in it %q", name, err, out.String(), c.want)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	key := newKey(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err1 := x509.MarshalECPrivateKey(key)
	pkcs8, err2 := x509.MarshalPKCS8PrivateKey(key)
	other, err3 := x509.MarshalECPrivateKey(p384)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	block := func(name string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: b}))
	}
	for name, c := range map[string]struct{ content, want string }{
		"ecparam -genkey":       {block("EC PARAMETERS", []byte{6, 0}) + block("EC PRIVATE KEY", sec1), ""},
		"genpkey":               {block("PRIVATE KEY", pkcs8), ""},
		"no PEM":                {"hello", "no private key"},
		"another curve":         {block("EC PRIVATE KEY", other), "prime256v1"},
		"garbled":               {block("EC PRIVATE KEY", sec1[:20]), "x509"},
		"a certificate instead": {block("CERTIFICATE", sec1), "no private key"},
	} {
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readPrivateKey(file)
		if c.want == "" {
			if err != nil || !got.Equal(key) {
				t.Errorf("%s: readPrivateKey = %v", name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: readPrivateKey = %v, want an error with %q", name, err, c.want)
		}
	}
}

// signed-1-r0.apk was made by apk mkpkg --sign-key of apk-tools 3.0.5.
func TestRealSignatureIsVerified(t *testing.T) {
	file := "testdata/apk/signed-1-r0.apk"
	if out := built(t, nil, "-dump", file, "-pub", "testdata/apk/signed.pem"); !strings.Contains(out, "..: OK\n") {
		t.Errorf("no good signature in\n%s", out)
	}
	if out := built(t, nil, "-dump", file); !strings.Contains(out, "..: UNTRUSTED signature\n") {
		t.Errorf("without a key:\n%s", out)
	}
	err := run([]string{"-dump", file, "-pub", file}, func(string) string { return "" }, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "no public key in PEM form") {
		t.Errorf("with a key that is none: %v", err)
	}
}
