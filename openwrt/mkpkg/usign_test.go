package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// usignSecret writes a secret key as usign -G does.
func usignSecret(name string, rounds byte, key ed25519.PrivateKey) []byte {
	raw := append([]byte("EdBK"), rounds, 0, 0, 0)
	raw = append(raw, make([]byte, 16+8)...)
	raw = append(raw, name...)
	raw = append(raw, key...)
	return fmt.Appendf(nil, "untrusted comment: public key 1\n%s\n", base64.StdEncoding.EncodeToString(raw))
}

func TestUsignSignature(t *testing.T) {
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := parseUsignKey(usignSecret("\x00\x0bcdefgh", 0, secret))
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("Package: homeward\n")
	lines := strings.Split(string(k.sign(msg)), "\n")
	if len(lines) != 3 || lines[0] != "untrusted comment: signed by key b636465666768" || lines[2] != "" {
		t.Fatalf("signature %q", lines)
	}
	raw, err := base64.StdEncoding.DecodeString(lines[1])
	if err != nil {
		t.Fatal(err)
	}
	if string(raw[:10]) != "Ed\x00\x0bcdefgh" || !ed25519.Verify(public, msg, raw[10:]) {
		t.Errorf("signature %x does not verify", raw)
	}
}

func TestOddUsignKeys(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	swapped := bytes.Clone(key)
	swapped[63] ^= 1
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"empty":        {nil, "not a key"},
		"PEM":          {[]byte("-----BEGIN PRIVATE KEY-----\nMC4C\n"), "not a key"},
		"a public key": {[]byte("untrusted comment: public key 1\nRWQAAAAAAAAAAA==\n"), "not a secret key"},
		"no base64":    {[]byte("untrusted comment: x\n???\n"), "not a secret key"},
		"locked":       {usignSecret("abcdefgh", 42, key), "password"},
		"torn":         {usignSecret("abcdefgh", 0, swapped), "do not belong together"},
	} {
		if _, err := parseUsignKey(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}
