package main

// Package describes one package for one architecture: all that the two formats
// are written from.
type Package struct {
	Name, Version, Arch string // the version with its release, the architecture in OpenWrt's words: all for every one
	Description         string // one line
	License             string // SPDX
	Section             string
	Origin              string // the recipe's place in the feed
	Maintainer, URL     string
	Depends, Provides   []string
	User                string // name=uid:group=gid, "" for none
	Conffiles           []string
	Installed, Removed  string // what the router runs once the package is there, and once it is gone, "" for nothing
	Files               []File // without what a format adds, in any order
	ModTime             int64  // of every file, seconds since 1970
}

// File is a file of a package, owned by root.
type File struct {
	Path string // below the root, without a slash in front
	Mode uint32
	Body []byte
}

// installed returns the bytes that the files take.
func (p Package) installed() int {
	n := 0
	for _, f := range p.Files {
		n += len(f.Body)
	}
	return n
}
