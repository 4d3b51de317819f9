package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/apk/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sampleInput is what the real `apk mkpkg` was given for the sample.
func sampleInput(t testing.TB) apkInput {
	t.Helper()
	postinst, prerm := string(sample(t, "post-install")), string(sample(t, "pre-deinstall"))
	in := apkInput{
		Package: Package{
			Name: "homeward", Version: "1.2.3-r1", Description: "homeward sample", Arch: "aarch64_cortex-a53",
			License: "GPL-2.0-or-later", Origin: "feeds/packages/net/homeward", URL: "https://example.org/homeward",
			Maintainer: "Nobody <nobody@example.org>", Provides: []string{"homeward-any"},
			Depends: []string{"ca-bundle", "libc"}, ModTime: 1700000000,
		},
		Scripts: map[int]string{
			scriptPostInstall: postinst, scriptPreDeinstall: prerm, scriptPostUpgrade: postinst,
		},
	}
	r := tar.NewReader(bytes.NewReader(sample(t, "files.tar")))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return in
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		in.Files = append(in.Files, File{strings.TrimPrefix(h.Name, "files/"), uint32(h.Mode), body})
	}
}

func TestRealPackageIsReproducedByteForByte(t *testing.T) {
	a, err := makeAPK(sampleInput(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.bytes(), sample(t, "homeward-1.2.3-r1.none.apk"); !bytes.Equal(got, want) {
		t.Errorf("makeAPK differs from apk mkpkg's package at byte %d of %d", firstDifference(got, want), len(want))
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestRealIndexIsReproducedByteForByte(t *testing.T) {
	a, err := makeIndex(sample(t, "homeward-1.2.3-r1.deflate.apk"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := inflate(sample(t, "packages.adb"))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.bytes(); !bytes.Equal(got, want) {
		t.Errorf("makeIndex differs from apk mkndx's index at byte %d of %d", firstDifference(got, want), len(want))
	}
}

func TestCompressedPackageHoldsTheSameBytes(t *testing.T) {
	want := sample(t, "homeward-1.2.3-r1.none.apk")
	for name, file := range map[string][]byte{
		"apk's":   sample(t, "homeward-1.2.3-r1.deflate.apk"),
		"ours":    deflate(want),
		"levels":  append([]byte("ADBc\x01\x09"), deflate(want)[4:]...),
		"neither": want,
	} {
		got, err := inflate(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: inflate = %d bytes, %v, want the %d uncompressed ones", name, len(got), err, len(want))
		}
	}
}

func TestDumpIsApkAdbdumps(t *testing.T) {
	want := string(sample(t, "homeward-1.2.3-r1.adbdump.yaml"))
	for _, name := range []string{"homeward-1.2.3-r1.none.apk", "homeward-1.2.3-r1.deflate.apk"} {
		a, err := readArchive(bytes.NewReader(sample(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := dump(&got, a, nil); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("%s: dump =\n%s\nwant\n%s", name, got.String(), want)
		}
	}
}

func TestArchiveIsPutTogetherAgain(t *testing.T) {
	want := sample(t, "homeward-1.2.3-r1.none.apk")
	a, err := readArchive(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.bytes(), want) {
		t.Error("an archive that was read and written again has other bytes")
	}
}

// Made by the same apk mkpkg, to reach what the first sample does not: texts
// and numbers of every width, an empty file, names on either side of a slash
// in the order of bytes, a dependency named twice and out of order.
func TestOddRealPackageIsReproducedByteForByte(t *testing.T) {
	in := apkInput{
		Package: Package{
			Name: "odd", Version: "0_rc1-r0", Description: strings.Repeat("words ", 60) + "end", Arch: "noarch",
			Depends: []string{"zlib", "ca-bundle", "libc", "zlib"}, ModTime: 5000000000,
			Files: []File{
				{"zz", 0o644, bytes.Repeat([]byte("z"), 300)}, {"a/empty", 0o644, nil}, {"a/b/c", 0o600, []byte("c")},
				{"a-b/x", 0o755, []byte("x")}, {"a.d/x", 0o644, []byte("x")},
			},
		},
		Scripts: map[int]string{scriptPostInstall: "#!/bin/sh\n" + strings.Repeat("echo homeward\n", 5000)},
	}
	a, err := makeAPK(in)
	if err != nil {
		t.Fatal(err)
	}
	want, err := inflate(sample(t, "odd-0_rc1-r0.deflate.apk"))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.bytes(); !bytes.Equal(got, want) {
		t.Errorf("makeAPK differs from apk mkpkg's package at byte %d of %d", firstDifference(got, want), len(want))
	}
	if err := check(a); err != nil {
		t.Error(err)
	}
}
