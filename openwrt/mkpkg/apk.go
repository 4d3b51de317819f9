package main

import (
	"crypto/sha256"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// idSize is the length of a package's unique id: the start of the SHA-256 of
// its ADB, taken while the id itself is zero.
const idSize = 20

// apkInput is what `apk mkpkg` is given.
type apkInput struct {
	Package                // Files are all of them; the scripts of Package are not looked at
	Scripts map[int]string // by slot
}

// makeAPK lays out a package as `apk mkpkg --compression none` of apk-tools
// 3.0.5 does: the same input gives the same bytes.
func makeAPK(in apkInput) (*archive, error) {
	for _, d := range slices.Concat(in.Depends, in.Provides) {
		if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`).MatchString(d) {
			return nil, fmt.Errorf("dependency %q: a bare name, please", d)
		}
	}
	e := newEncoder()
	a := &archive{schema: schemaPackage}
	info := encodeInfo(e, in.Package)
	paths := encodePaths(e, in.Package)
	info[infoHashes] = e.hole(idSize)
	id := int(info[infoHashes]&^typeMask) + 1
	top := make([]value, pkgSlots)
	top[pkgInfo] = e.object(info)
	top[pkgPaths] = e.list(paths)
	scripts := make([]value, scriptSlots)
	for i := range scripts {
		scripts[i] = e.text(in.Scripts[i])
	}
	top[pkgScripts] = e.object(scripts)
	a.adb = e.finish(e.object(top))
	if len(a.adb) > maxDirect {
		return nil, fmt.Errorf("the description of the package has %d bytes, too many for an adb block", len(a.adb))
	}
	sum := sha256.Sum256(a.adb)
	copy(a.adb[id:id+idSize], sum[:])
	for i, dir := range directories(in.Files) {
		for j, f := range filesIn(in.Files, dir) {
			if len(f.Body) > 0 {
				a.data = append(a.data, dataBlock{uint32(i + 1), uint32(j + 1), f.Body})
			}
		}
	}
	return a, nil
}

// encodeInfo returns the package's info, the unique id still missing.
func encodeInfo(e *encoder, p Package) []value {
	info := make([]value, infoSlots)
	for i, s := range []string{
		infoName: p.Name, infoVersion: p.Version, infoDescription: p.Description, infoArch: p.Arch,
		infoLicense: p.License, infoOrigin: p.Origin, infoMaintainer: p.Maintainer, infoURL: p.URL,
	} {
		if s != "" {
			info[i] = e.text(s)
		}
	}
	info[infoDepends] = encodeNames(e, p.Depends)
	info[infoProvides] = encodeNames(e, p.Provides)
	info[infoInstalled] = e.number(uint64(max(p.installed(), 1)))
	return info
}

// encodeNames writes dependencies without versions, sorted.
func encodeNames(e *encoder, names []string) value {
	items := map[string]value{}
	for _, n := range names {
		items[n] = e.object([]value{0, e.text(n)})
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	list := make([]value, len(names))
	for i, n := range names {
		list[i] = items[n]
	}
	return e.list(list)
}

// directories returns the root, as "", and every directory above a file, in
// order.
func directories(files []File) []string {
	set := map[string]bool{"": true}
	for _, f := range files {
		for d := path.Dir(f.Path); d != "."; d = path.Dir(d) {
			set[d] = true
		}
	}
	var list []string
	for d := range set {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}

// filesIn returns the files right in dir, in order.
func filesIn(files []File, dir string) []File {
	var list []File
	for _, f := range files {
		if d := path.Dir(f.Path); d == dir || dir == "" && d == "." {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// encodePaths writes every directory, root:root 0755, and what is in it.
func encodePaths(e *encoder, p Package) []value {
	var paths []value
	for _, dir := range directories(p.Files) {
		var files []value
		for _, f := range filesIn(p.Files, dir) {
			files = append(files, encodeFile(e, f, p.ModTime))
		}
		d := make([]value, dirSlots)
		d[dirName] = e.text(dir)
		d[dirACL] = encodeACL(e, 0o755)
		d[dirFiles] = e.list(files)
		paths = append(paths, e.object(d))
	}
	return paths
}

// encodeFile writes a file's entry. The order in which its parts are stored is
// not that of the slots; it is apk mkpkg's.
func encodeFile(e *encoder, f File, mtime int64) value {
	sum := sha256.Sum256(f.Body)
	v := make([]value, fileSlots)
	v[fileName] = e.text(path.Base(f.Path))
	v[fileHash] = e.blob(sum[:])
	v[fileTime] = e.number(uint64(mtime))
	v[fileSize] = e.number(uint64(len(f.Body)))
	v[fileACL] = encodeACL(e, f.Mode)
	return e.object(v)
}

func encodeACL(e *encoder, mode uint32) value {
	root := e.text("root")
	return e.object([]value{0, e.number(uint64(mode)), root, root})
}
