package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const testTime = 1763769600

// testPackage describes the tree in testdata with a program of a few bytes.
func testPackage(t testing.TB) Package {
	t.Helper()
	program := filepath.Join(t.TempDir(), "homeward")
	if err := os.WriteFile(program, []byte("\x7fELF and so on"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := describe("testdata/tree", program, "mipsel_24kc", "1.4.2-r3", testTime)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// untar returns the entries of a gzip'd tar as "mode uid:gid size name", and
// their contents.
func untar(t *testing.T, file []byte) (list []string, body map[string]string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("gzip header carries %v, %q: not the same tomorrow", z.ModTime, z.Name)
	}
	body = map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list, body
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Format != tar.FormatGNU && h.Format != tar.FormatUSTAR|tar.FormatPAX|tar.FormatGNU {
			t.Errorf("%s: format %v, want GNU", h.Name, h.Format)
		}
		if h.ModTime.Unix() != testTime || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s: time %d, names %q %q", h.Name, h.ModTime.Unix(), h.Uname, h.Gname)
		}
		list = append(list, fmt.Sprintf("%04o %d:%d %s", h.Mode, h.Uid, h.Gid, h.Name))
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		body[h.Name] = string(b)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// unpacked takes the three archives of an ipk apart.
func unpacked(t *testing.T, p Package) (dataList, metaList []string, data, meta map[string]string) {
	t.Helper()
	file, _, err := makeIPK(p)
	if err != nil {
		t.Fatal(err)
	}
	list, outer := untar(t, file)
	same(t, "ipk", list, []string{"0644 0:0 ./debian-binary", "0644 0:0 ./data.tar.gz", "0644 0:0 ./control.tar.gz"})
	if outer["./debian-binary"] != "2.0\n" {
		t.Errorf("debian-binary %q", outer["./debian-binary"])
	}
	dataList, data = untar(t, []byte(outer["./data.tar.gz"]))
	metaList, meta = untar(t, []byte(outer["./control.tar.gz"]))
	return dataList, metaList, data, meta
}

func TestIPKHoldsTheFiles(t *testing.T) {
	p := testPackage(t)
	list, _, data, _ := unpacked(t, p)
	same(t, "data", list, []string{
		"0755 0:0 ./", "0755 0:0 ./etc/",
		"0755 0:0 ./etc/config/", "0600 0:0 ./etc/config/homeward",
		"0755 0:0 ./etc/init.d/", "0755 0:0 ./etc/init.d/homeward",
		"0755 0:0 ./lib/", "0755 0:0 ./lib/upgrade/",
		"0755 0:0 ./lib/upgrade/keep.d/", "0644 0:0 ./lib/upgrade/keep.d/homeward",
		"0755 0:0 ./usr/", "0755 0:0 ./usr/bin/", "0755 0:0 ./usr/bin/homeward",
		"0755 0:0 ./usr/libexec/", "0755 0:0 ./usr/libexec/homeward-on-change",
		"0755 0:0 ./usr/libexec/rpcd/", "0755 0:0 ./usr/libexec/rpcd/homeward", "0755 0:0 ./usr/libexec/rpcd/homeward-event",
		"0755 0:0 ./usr/share/", "0755 0:0 ./usr/share/acl.d/", "0644 0:0 ./usr/share/acl.d/homeward.json",
		"0755 0:0 ./usr/share/homeward/", "0755 0:0 ./usr/share/homeward/hotplug/",
		"0644 0:0 ./usr/share/homeward/hotplug/ntfy", "0644 0:0 ./usr/share/homeward/hotplug/wireguard",
		"0755 0:0 ./usr/share/rpcd/",
		"0755 0:0 ./usr/share/rpcd/acl.d/", "0644 0:0 ./usr/share/rpcd/acl.d/homeward.json",
	})
	for _, f := range p.Files {
		if data["./"+f.Path] != string(f.Body) {
			t.Errorf("%s: %q, want %q", f.Path, data["./"+f.Path], f.Body)
		}
	}
}

func TestIPKHoldsWhatOpkgWants(t *testing.T) {
	p := testPackage(t)
	_, list, _, meta := unpacked(t, p)
	same(t, "control", list, []string{
		"0755 0:0 ./", "0644 0:0 ./conffiles", "0644 0:0 ./control", "0755 0:0 ./postinst", "0755 0:0 ./postrm", "0755 0:0 ./prerm",
	})
	data, err := makeTar(p.Files, p.ModTime)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("Package: homeward\nVersion: 1.4.2-r3\nDepends: ca-bundle\n"+
		"Source: feeds/packages/net/homeward\nSourceName: homeward\nLicense: MIT\nSection: net\n"+
		"Require-User: homeward=864:homeward=864\nSourceDateEpoch: %d\nURL: https://example.org/homeward\nMaintainer: The homeward authors\n"+
		"Architecture: mipsel_24kc\nInstalled-Size: %d\nDescription: %s\n", testTime, len(data), p.Description)
	if meta["./control"] != want {
		t.Errorf("control:\n%s\nwant\n%s", meta["./control"], want)
	}
	if meta["./conffiles"] != "/etc/config/homeward\n" {
		t.Errorf("conffiles %q", meta["./conffiles"])
	}
	if meta["./postinst"] != opkgPostinst(p) || meta["./prerm"] != opkgPrerm || meta["./postrm"] != postrm(p) {
		t.Errorf("scripts:\n%s%s", meta["./postinst"], meta["./prerm"])
	}
}

// What a router does with busybox, done with the tar at hand.
func TestRealTarUnpacksAnIPK(t *testing.T) {
	file, _, err := makeIPK(testPackage(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "homeward.ipk"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", `umask 022
		tar -xzf homeward.ipk && mkdir root && tar -xpzf data.tar.gz -C root --no-same-owner
		tar -tvzf data.tar.gz --numeric-owner | awk '{print $1, $2, $6}' | sed -n '4p'
		tar -xOzf control.tar.gz ./control | sed -n 1p
		stat -c '%a %Y' root/etc/config/homeward root/usr/bin/homeward; cat root/etc/init.d/homeward`)
	cmd.Dir = dir
	got, err := cmd.CombinedOutput()
	want := "-rw------- 0/0 ./etc/config/homeward\nPackage: homeward\n600 1763769600\n755 1763769600\n" +
		"#!/bin/sh /etc/rc.common\nSTART=95\n"
	if err != nil || string(got) != want {
		t.Errorf("tar: %v\n%s\nwant\n%s", err, got, want)
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	for _, s := range sources() {
		root := t.TempDir()
		if err := os.CopyFS(root, os.DirFS("testdata/tree")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(root, s.from)); err != nil {
			t.Fatal(err)
		}
		_, err := describe(root, "/bin/sh", "x86_64", "1-r1", 0)
		if err == nil || !strings.Contains(err.Error(), "the package's /"+s.to) || !strings.Contains(err.Error(), s.from) {
			t.Errorf("without %s: %v, want an error that names it and /%s", s.from, err, s.to)
		}
		if err := os.WriteFile(filepath.Join(root, s.from), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := describe(root, "/bin/sh", "x86_64", "1-r1", 0); err == nil || !strings.Contains(err.Error(), "is empty") {
			t.Errorf("with an empty %s: %v, want an error", s.from, err)
		}
	}
}

// usign's old SHA-512 is wrong where the last block is almost full: 64 bytes
// go before the text, and 110 or 111 of 128 must not be left.
func TestIndexAvoidsTheLengthsThatUsignMiscounts(t *testing.T) {
	padded := 0
	for n := range 256 {
		index := signable(ipkIndex("Package: x\nDescription: "+strings.Repeat("d", n)+"\n", "x.ipk", nil))
		if left := (64 + len(index)) % 128; left == 110 || left == 111 {
			t.Errorf("an index of %d bytes", len(index))
		}
		if bytes.HasSuffix(index, []byte("\n\n\n\n")) {
			padded++
		}
	}
	if padded != 4 {
		t.Errorf("%d of 256 lengths were padded, want 4", padded)
	}
}
