package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Where the page in LuCI lies in the tree, and its name there.
const (
	pageFolder = "openwrt/luci-app-homeward"
	pageName   = "homeward"
)

// What every package of LuCI's does once it is there: menu and modules are
// read anew, rpcd learns of its ACL. LuCI's own recipe says the same.
const reloadLuCI = `[ -n "${IPKG_INSTROOT}" ] || rm -f /tmp/luci-indexcache.*
[ -n "${IPKG_INSTROOT}" ] || rm -rf /tmp/luci-modulecache/
[ -n "${IPKG_INSTROOT}" ] || [ ! -x /etc/init.d/rpcd ] || /etc/init.d/rpcd reload
`

// languages are those that the page is translated into, by the names that
// LuCI's list of languages has for them.
func languages() map[string]string {
	return map[string]string{"de": "Deutsch (German)"}
}

// describePage puts the packages of the page together: the page, and one for
// each language, in the order of their names.
func describePage(root, version string, mtime int64) ([]Package, error) {
	page := pagePackage("luci-app-"+pageName, version, mtime)
	page.Description = "LuCI page of homeward: dynamic DNS for IPv4, IPv6 and delegated prefixes"
	page.Depends = []string{"homeward", "luci-base"}
	// the folders of a package of LuCI's, and where the router has them
	for from, to := range map[string]string{"htdocs": "www", "root": ""} {
		if err := page.addFolder(filepath.Join(root, pageFolder, from), to); err != nil {
			return nil, err
		}
	}
	list := []Package{page}
	folders, err := os.ReadDir(filepath.Join(root, pageFolder, "po"))
	if err != nil {
		return nil, fmt.Errorf("the page's languages: %w", err)
	}
	for _, f := range folders {
		if f.Name() == "templates" {
			continue
		}
		p, err := describeLanguage(root, f.Name(), version, mtime)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// pagePackage is what the packages of the page have in common.
func pagePackage(name, version string, mtime int64) Package {
	return Package{
		Name: name, Version: version, Arch: "all", License: "MIT", Section: "luci", Origin: "feeds/luci/applications/luci-app-" + pageName,
		Maintainer: "The homeward authors", URL: "https://example.org/homeward", Provides: []string{name + "-any"},
		Installed: reloadLuCI, ModTime: mtime,
	}
}

// addFolder puts all files below a folder of the tree into the package.
func (p *Package) addFolder(from, to string) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		mode := uint32(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return p.add(source{file, filepath.Join(to, name), mode})
	})
}

// describeLanguage is the translation into one language, which the router
// offers in LuCI's settings once the package is there.
func describeLanguage(root, language, version string, mtime int64) (Package, error) {
	title, ok := languages()[language]
	if !ok {
		return Package{}, fmt.Errorf("%s/po/%s: the name of the language is not known", pageFolder, language)
	}
	name := "luci-i18n-" + pageName + "-" + strings.ToLower(language)
	p := pagePackage(name, version, mtime)
	p.Description = "Translation for luci-app-" + pageName + " - " + title
	p.Depends = []string{"luci-app-" + pageName}
	file := filepath.Join(root, pageFolder, "po", language, pageName+".po")
	src, err := os.ReadFile(file)
	if err != nil {
		return Package{}, err
	}
	messages, err := readPO(string(src))
	if err != nil {
		return Package{}, fmt.Errorf("%s:%w", file, err)
	}
	lmo, err := makeLMO(messages)
	if err != nil {
		return Package{}, fmt.Errorf("%s: %w", file, err)
	}
	p.Files = []File{
		{"etc/uci-defaults/" + name, 0o644, fmt.Appendf(nil, "uci set luci.languages.%s='%s'; uci commit luci\n", language, title)},
		{"usr/lib/lua/luci/i18n/" + pageName + "." + language + ".lmo", 0o644, lmo},
	}
	return p, nil
}
