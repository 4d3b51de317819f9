package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

const (
	sigHeader    = 18 // version, digest, key id
	keyID        = 16
	digestSHA512 = 4 // apk's number for it
)

// signedPart returns what a signature covers: the schema, the signature's own
// header, and the SHA-512 of the ADB. It is hashed once more by the signing.
func signedPart(a *archive, header []byte) []byte {
	sum := sha512.Sum512(a.adb)
	msg := binary.LittleEndian.AppendUint32(nil, a.schema)
	return append(append(msg, header...), sum[:]...)
}

// signatureHeader names version 0, SHA-512 and the key, by the first bytes of
// the SHA-512 of its uncompressed point.
func signatureHeader(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	id := sha512.Sum512(point)
	return append([]byte{0, digestSHA512}, id[:keyID]...), nil
}

// sign adds a signature. It is made without randomness (RFC 6979), so that the
// same input gives the same archive.
func sign(a *archive, key *ecdsa.PrivateKey) error {
	header, err := signatureHeader(&key.PublicKey)
	if err != nil {
		return err
	}
	digest := sha512.Sum512(signedPart(a, header))
	sig, err := key.Sign(nil, digest[:], crypto.SHA512)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	a.sigs = append(a.sigs, append(header, sig...))
	return nil
}

// verify returns nil if sig is key's signature of a.
func verify(a *archive, sig []byte, key *ecdsa.PublicKey) error {
	if key == nil {
		return errors.New("UNTRUSTED signature")
	}
	header, err := signatureHeader(key)
	if err != nil {
		return err
	}
	if !bytes.Equal(sig[:sigHeader], header) {
		return errors.New("UNTRUSTED signature")
	}
	digest := sha512.Sum512(signedPart(a, header))
	if !ecdsa.VerifyASN1(key, digest[:], sig[sigHeader:]) {
		return errors.New("BAD signature")
	}
	return nil
}

// readPrivateKey reads a PEM file as `openssl ecparam -name prime256v1 -genkey`
// or `openssl genpkey` writes it.
func readPrivateKey(file string) (*ecdsa.PrivateKey, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return nil, fmt.Errorf("%s: no private key in PEM form", file)
		}
		switch b.Type {
		case "EC PRIVATE KEY":
			key, err := x509.ParseECPrivateKey(b.Bytes)
			return p256(file, key, err)
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(b.Bytes)
			key, _ := parsed.(*ecdsa.PrivateKey)
			return p256(file, key, err)
		}
	}
}

// p256 passes a key of the curve that apk on a router knows.
func p256(file string, key *ecdsa.PrivateKey, err error) (*ecdsa.PrivateKey, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if key == nil || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s: not an EC key of the curve prime256v1", file)
	}
	return key, nil
}

// readPublicKey reads what `openssl ec -pubout` writes.
func readPublicKey(file string) (*ecdsa.PublicKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(data)
	if b == nil {
		return nil, fmt.Errorf("%s: no public key in PEM form", file)
	}
	parsed, err := x509.ParsePKIXPublicKey(b.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s: not an EC key of the curve prime256v1", file)
	}
	return key, nil
}
