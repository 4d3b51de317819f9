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

// publish writes the packages in both formats, and both indices, into a folder
// of the architecture's name below dist, which is then a feed for opkg and for
// apk. The first package is the program's. They come in the order of their names.
func publish(list []Package, a arch, dist string, k keys) (sizes, error) {
	var out []File
	var index []byte
	var apks [][]byte
	s := sizes{arch: a, program: len(list[0].body(programPath)), installed: list[0].installed()}
	for i, p := range list {
		ipk, control, err := makeIPK(p)
		if err != nil {
			return sizes{}, err
		}
		a, err := makeAPK(openwrtAPK(p))
		if err != nil {
			return sizes{}, fmt.Errorf("%s: apk: %w", p.Name, err)
		}
		apk, err := packed(a, k.apk)
		if err != nil {
			return sizes{}, err
		}
		if i == 0 {
			s.ipk, s.apk = len(ipk), len(apk)
		}
		name := fmt.Sprintf("%s_%s_%s.ipk", p.Name, p.Version, p.Arch)
		out = append(out, File{Path: name, Body: ipk}, File{Path: fmt.Sprintf("%s-%s.apk", p.Name, p.Version), Body: apk})
		index = append(index, ipkIndex(control, name, ipk)...)
		apks = append(apks, apk)
	}
	all, err := makeIndex(apks...)
	if err != nil {
		return sizes{}, fmt.Errorf("packages.adb: %w", err)
	}
	adb, err := packed(all, k.apk)
	if err != nil {
		return sizes{}, err
	}
	return s, writeFeed(filepath.Join(dist, a.name), append(out, File{Path: "packages.adb", Body: adb}), signable(index), k)
}

// writeFeed writes the files and opkg's index into the folder.
func writeFeed(dir string, out []File, index []byte, k keys) error {
	out = append(out, File{Path: "Packages", Body: index}, File{Path: "Packages.gz", Body: zip(index)})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	sig := filepath.Join(dir, "Packages.sig")
	if err := os.Remove(sig); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // an older build's signature would refuse this index
	}
	if k.opkg != nil {
		out = append(out, File{Path: "Packages.sig", Body: k.opkg.sign(index)})
	}
	for _, f := range out {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packed compresses the archive, signed if there is a key.
func packed(a *archive, key *ecdsa.PrivateKey) ([]byte, error) {
	if key != nil {
		if err := sign(a, key); err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
	}
	return deflate(a.bytes()), nil
}
