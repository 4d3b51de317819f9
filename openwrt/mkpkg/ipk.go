package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// makeIPK writes a package for opkg: a gzip'd tar of two more, one of the
// files and one of what opkg wants to know. It returns the control file's text
// beside it, which the feed's index repeats.
func makeIPK(p Package) (file []byte, control string, err error) {
	data, err := makeTar(p.Files, p.ModTime)
	if err != nil {
		return nil, "", err
	}
	control = controlFile(p, len(data))
	files := []File{
		{"control", 0o644, []byte(control)},
		{"postinst", 0o755, []byte(opkgPostinst(p))},
		{"prerm", 0o755, []byte(opkgPrerm)},
	}
	if len(p.Conffiles) > 0 {
		files = append(files, File{"conffiles", 0o644, []byte(strings.Join(p.Conffiles, "\n") + "\n")})
	}
	if p.Removed != "" {
		files = append(files, File{"postrm", 0o755, []byte(postrm(p))})
	}
	meta, err := makeTar(files, p.ModTime)
	if err != nil {
		return nil, "", err
	}
	// In this order, and without an entry for the folder: as ipkg-build does.
	outer, err := tarOf([]tarEntry{
		{"./debian-binary", 0o644, []byte("2.0\n")},
		{"./data.tar.gz", 0o644, zip(data)},
		{"./control.tar.gz", 0o644, zip(meta)},
	}, p.ModTime)
	return zip(outer), control, err
}

// controlFile returns the fields that opkg reads, Description last.
func controlFile(p Package, dataSize int) string {
	var b strings.Builder
	for _, f := range [][2]string{
		{"Package", p.Name},
		{"Version", p.Version},
		{"Depends", strings.Join(p.Depends, ", ")},
		{"Source", p.Origin},
		{"SourceName", p.Name},
		{"License", p.License},
		{"Section", p.Section},
		{"Require-User", p.User},
		{"SourceDateEpoch", fmt.Sprint(p.ModTime)},
		{"URL", p.URL},
		{"Maintainer", p.Maintainer},
		{"Architecture", p.Arch},
		{"Installed-Size", fmt.Sprint(dataSize)},
		{"Description", p.Description},
	} {
		if f[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", f[0], f[1])
		}
	}
	return b.String()
}

type tarEntry struct {
	name string // a folder's ends in a slash
	mode uint32
	body []byte
}

// makeTar writes the files in order, each folder before what is in it.
func makeTar(files []File, mtime int64) ([]byte, error) {
	var entries []tarEntry
	for _, d := range directories(files) {
		name := "./"
		if d != "" {
			name += d + "/"
		}
		entries = append(entries, tarEntry{name, 0o755, nil})
	}
	for _, f := range files {
		entries = append(entries, tarEntry{"./" + f.Path, f.Mode, f.Body})
	}
	slices.SortFunc(entries, func(a, b tarEntry) int { return strings.Compare(a.name, b.name) })
	return tarOf(entries, mtime)
}

func tarOf(entries []tarEntry, mtime int64) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{
			Name: e.name, Mode: int64(e.mode), Size: int64(len(e.body)), ModTime: time.Unix(mtime, 0),
			Typeflag: tar.TypeReg, Format: tar.FormatGNU,
		}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("tar: %s: %w", e.name, err)
		}
		if _, err := w.Write(e.body); err != nil {
			return nil, fmt.Errorf("tar: %s: %w", e.name, err)
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// zip compresses without a name or a time: the same bytes every day.
func zip(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic("mkpkg: gzip: " + err.Error()) // the level is a constant
	}
	w.Write(b) // to memory: cannot fail
	w.Close()
	return out.Bytes()
}

// ipkIndex returns a package's part of the feed's Packages file: the control
// file, without what only the builder wants to know, and where the package is.
func ipkIndex(control, name string, file []byte) []byte {
	control = regexp.MustCompile(`(?m)^(Maintainer|Source|SourceName|Require-User|SourceDateEpoch): .*\n`).
		ReplaceAllString(control, "")
	at := strings.Index(control, "Description: ")
	return fmt.Appendf(nil, "%sFilename: %s\nSize: %d\nSHA256sum: %x\n%s\n",
		control[:at], name, len(file), sha256.Sum256(file), control[at:])
}

// signable pads an index of a length that usign on older routers miscounts the
// SHA-512 of; OpenWrt pads its own index the same way.
func signable(index []byte) []byte {
	if n := (64 + len(index)) % 128; n == 110 || n == 111 {
		index = append(index, "\n\n"...)
	}
	return index
}
