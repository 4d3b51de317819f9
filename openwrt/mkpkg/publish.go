package main

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keys sign what is published; either may be nil.
type keys struct {
	apk  *ecdsa.PrivateKey // the .apk and its index
	opkg *usignKey         // the index of the .ipk
}

// sizes are what one architecture weighs, in bytes.
type sizes struct {
	arch                         arch
	program, ipk, apk, installed int
}

// publish writes both packages and both indices into a folder of the
// architecture's name below dist, which is then a feed for opkg and for apk.
func publish(p Package, a arch, dist string, k keys) (sizes, error) {
	ipk, control, err := makeIPK(p)
	if err != nil {
		return sizes{}, err
	}
	apk, index, err := publishedAPK(p, k.apk)
	if err != nil {
		return sizes{}, err
	}
	ipkName := fmt.Sprintf("%s_%s_%s.ipk", p.Name, p.Version, p.Arch)
	packages := ipkIndex(control, ipkName, ipk)
	out := []File{
		{Path: ipkName, Body: ipk},
		{Path: "Packages", Body: packages},
		{Path: "Packages.gz", Body: zip(packages)},
		{Path: fmt.Sprintf("%s-%s.apk", p.Name, p.Version), Body: apk},
		{Path: "packages.adb", Body: index},
	}
	dir := filepath.Join(dist, p.Arch)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return sizes{}, err
	}
	sig := filepath.Join(dir, "Packages.sig")
	if err := os.Remove(sig); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sizes{}, err // an older build's signature would refuse this index
	}
	if k.opkg != nil {
		out = append(out, File{Path: "Packages.sig", Body: k.opkg.sign(packages)})
	}
	for _, f := range out {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Body, 0o644); err != nil {
			return sizes{}, err
		}
	}
	return sizes{a, len(p.body(programPath)), len(ipk), len(apk), p.installed()}, nil
}

// publishedAPK returns the compressed package and its index, signed if there
// is a key.
func publishedAPK(p Package, key *ecdsa.PrivateKey) (file, index []byte, err error) {
	pack := func(a *archive, err error) ([]byte, error) {
		if err == nil && key != nil {
			err = sign(a, key)
		}
		if err != nil {
			return nil, fmt.Errorf("apk: %w", err)
		}
		return deflate(a.bytes()), nil
	}
	if file, err = pack(makeAPK(openwrtAPK(p))); err != nil {
		return nil, nil, err
	}
	index, err = pack(makeIndex(file))
	return file, index, err
}
