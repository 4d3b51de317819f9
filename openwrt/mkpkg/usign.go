package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// usignKey is a secret key of usign, OpenWrt's signify: the key's name and an
// Ed25519 key.
type usignKey struct {
	name [8]byte
	key  ed25519.PrivateKey
}

// readUsignKey reads a file of `usign -G`: a comment, then in base64 "Ed", the
// name and rounds of a password's hash (none), salt, checksum, name, seed and
// public key.
func readUsignKey(file string) (*usignKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	k, err := parseUsignKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return k, nil
}

func parseUsignKey(text []byte) (*usignKey, error) {
	comment, line, ok := bytes.Cut(text, []byte("\n"))
	if !ok || !bytes.HasPrefix(comment, []byte("untrusted comment: ")) {
		return nil, errors.New("not a key of usign -G")
	}
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(line)))
	if err != nil || len(raw) != 104 || string(raw[:4]) != "EdBK" {
		return nil, errors.New("not a secret key of usign -G")
	}
	if !bytes.Equal(raw[4:8], make([]byte, 4)) {
		return nil, errors.New("the key is locked with a password: not supported, nor by usign")
	}
	k := &usignKey{name: [8]byte(raw[32:40]), key: ed25519.NewKeyFromSeed(raw[40:72])}
	if !bytes.Equal(k.key[32:], raw[72:]) {
		return nil, errors.New("the two halves of the key do not belong together")
	}
	return k, nil
}

// sign returns the signature file of msg, Packages.sig beside Packages.
func (k *usignKey) sign(msg []byte) []byte {
	raw := append(append([]byte("Ed"), k.name[:]...), ed25519.Sign(k.key, msg)...)
	return fmt.Appendf(nil, "untrusted comment: signed by key %x\n%s\n",
		binary.BigEndian.Uint64(k.name[:]), base64.StdEncoding.EncodeToString(raw))
}
