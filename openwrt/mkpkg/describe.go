package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// source is a file of the tree, and where a router has it.
type source struct {
	from, to string
	mode     uint32
}

// sources lists what goes into the package beside the program.
func sources() []source {
	return []source{
		{"openwrt/homeward.config", "etc/config/homeward", 0o600}, // holds tokens
		{"init.d/homeward", "etc/init.d/homeward", 0o755},
		{"openwrt/keep.d", "lib/upgrade/keep.d/homeward", 0o644},
		{"openwrt/rpcd-homeward", "usr/libexec/rpcd/homeward", 0o755},
		{"openwrt/acl.json", "usr/share/rpcd/acl.d/homeward.json", 0o644},
		{"openwrt/on-change", "usr/libexec/homeward-on-change", 0o755},
		{"openwrt/rpcd-homeward-event", "usr/libexec/rpcd/homeward-event", 0o755},
		{"openwrt/ubus-acl.json", "usr/share/acl.d/homeward.json", 0o644},
		// examples that are off: hotplug-call reads /etc/hotplug.d alone
		{"openwrt/hotplug/ntfy", "usr/share/homeward/hotplug/ntfy", 0o644},
		{"openwrt/hotplug/wireguard", "usr/share/homeward/hotplug/wireguard", 0o644},
	}
}

// programPath is where the feed's recipe puts the program, too.
const programPath = "usr/bin/homeward"

// describe puts the package together from the tree below root and the program
// built for arch, an absolute path. version is the package's, with its release; mtime is the
// time of every file in it.
func describe(root, program, arch, version string, mtime int64) (Package, error) {
	p := Package{
		Name:        "homeward",
		Version:     version,
		Arch:        arch,
		Description: "Dynamic DNS for IPv4, IPv6 and delegated prefixes, told by the kernel instead of polling",
		License:     "MIT",
		Section:     "net",
		Origin:      "feeds/packages/net/homeward",
		Maintainer:  "The homeward authors",
		URL:         "https://example.org/homeward",
		Depends:     []string{"ca-bundle"},
		Provides:    []string{"homeward-any"},
		User:        "homeward=864:homeward=864",
		Conffiles:   []string{"/etc/config/homeward"},
		Installed:   reloadBus,
		Removed:     removed,
		ModTime:     mtime,
	}
	files := sources()
	for i := range files {
		files[i].from = filepath.Join(root, files[i].from)
	}
	for _, s := range append(files, source{program, programPath, 0o755}) {
		if err := p.add(s); err != nil {
			return Package{}, err
		}
	}
	return p, nil
}

// add puts a file of the tree into the package.
func (p *Package) add(s source) error {
	body, err := os.ReadFile(s.from)
	if err != nil {
		return fmt.Errorf("the package's /%s: %w", s.to, err)
	}
	if len(body) == 0 {
		return fmt.Errorf("the package's /%s: %s is empty", s.to, s.from)
	}
	p.Files = append(p.Files, File{s.to, s.mode, body})
	return nil
}

// body returns the content of a file of the package, nil if it has none.
func (p Package) body(path string) []byte {
	for _, f := range p.Files {
		if f.Path == strings.TrimPrefix(path, "/") {
			return f.Body
		}
	}
	return nil
}
