package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testPage describes the page in testdata, and its translation.
func testPage(t *testing.T) (page, german Package) {
	t.Helper()
	list, err := describePage("testdata/tree", "1.4.2-r3", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 {
		t.Fatalf("%d packages, want the page and its German", len(list))
	}
	return list[0], list[1]
}

func TestPagesPackages(t *testing.T) {
	page, german := testPage(t)
	list, meta, _, control := unpacked(t, page)
	same(t, "page", list, []string{
		"0755 0:0 ./", "0755 0:0 ./usr/", "0755 0:0 ./usr/share/", "0755 0:0 ./usr/share/luci/", "0755 0:0 ./usr/share/luci/menu.d/",
		"0644 0:0 ./usr/share/luci/menu.d/luci-app-homeward.json", "0755 0:0 ./www/", "0755 0:0 ./www/luci-static/", "0755 0:0 ./www/luci-static/resources/",
		"0644 0:0 ./www/luci-static/resources/homeward.js", "0755 0:0 ./www/luci-static/resources/view/", "0755 0:0 ./www/luci-static/resources/view/homeward/",
		"0644 0:0 ./www/luci-static/resources/view/homeward/state.js",
	})
	same(t, "page's control", meta, []string{"0755 0:0 ./", "0644 0:0 ./control", "0755 0:0 ./postinst", "0755 0:0 ./prerm"})
	for _, want := range []string{"Package: luci-app-homeward\n", "Depends: homeward, luci-base\n", "Section: luci\n", "Architecture: all\n"} {
		if !strings.Contains(control["./control"], want) {
			t.Errorf("control lacks %q:\n%s", want, control["./control"])
		}
	}

	list, _, data, control := unpacked(t, german)
	same(t, "German", list, []string{
		"0755 0:0 ./", "0755 0:0 ./etc/", "0755 0:0 ./etc/uci-defaults/", "0644 0:0 ./etc/uci-defaults/luci-i18n-homeward-de", "0755 0:0 ./usr/",
		"0755 0:0 ./usr/lib/", "0755 0:0 ./usr/lib/lua/", "0755 0:0 ./usr/lib/lua/luci/", "0755 0:0 ./usr/lib/lua/luci/i18n/",
		"0644 0:0 ./usr/lib/lua/luci/i18n/homeward.de.lmo",
	})
	if got := data["./etc/uci-defaults/luci-i18n-homeward-de"]; got != "uci set luci.languages.de='Deutsch (German)'; uci commit luci\n" {
		t.Errorf("uci-defaults: %q", got)
	}
	if got := translations(t, []byte(data["./usr/lib/lua/luci/i18n/homeward.de.lmo"]))[sfh("Send now")]; got != "Jetzt senden" {
		t.Errorf("the German of Send now is %q", got)
	}
	if !strings.Contains(control["./control"], "Package: luci-i18n-homeward-de\nVersion: 1.4.2-r3\nDepends: luci-app-homeward\n") {
		t.Errorf("control:\n%s", control["./control"])
	}
}

func TestPagesAPKIsForEveryArchitecture(t *testing.T) {
	page, german := testPage(t)
	for _, p := range []Package{page, german} {
		a, err := makeAPK(openwrtAPK(p))
		if err != nil {
			t.Fatal(err)
		}
		if err := check(a); err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		if err := dump(&shown, a, nil); err != nil {
			t.Fatal(err)
		}
		for want, there := range map[string]bool{"  arch: noarch\n": true, "  post-install: |\n": true, "  post-deinstall: |\n": false,
			"/" + p.Name + ".list": false, "  name: " + p.Name + "\n": true} {
			if strings.Contains(shown.String(), want) != there {
				t.Errorf("%s: %q in the dump is not %v:\n%s", p.Name, want, there, shown.String())
			}
		}
		files, _ := apkFiles(t, a)
		if all := strings.Join(files, "\n"); !strings.Contains(all, "lib/apk/packages/"+p.Name+".list") || strings.Contains(all, "rusers") || strings.Contains(all, "conffiles") {
			t.Errorf("%s has\n%s", p.Name, all)
		}
	}
}

// On the router the menu and the modules are read anew, and rpcd is told; an
// image builder's root is left alone.
func TestPagesScripts(t *testing.T) {
	page, _ := testPage(t)
	for _, shell := range [][]string{{"busybox", "ash"}, {"dash"}} {
		for name, script := range map[string]string{"opkg": opkgPostinst(page), "apk": openwrtAPK(page).Scripts[scriptPostInstall]} {
			for _, image := range []bool{false, true} {
				dir := t.TempDir()
				here := strings.NewReplacer("/etc/init.d/", dir+"/etc/init.d/", "/tmp/", dir+"/tmp/", "${IPKG_INSTROOT}/lib", dir+"/lib").Replace(script)
				for file, body := range map[string]string{"script": here, "lib/functions.sh": functions, "tmp/luci-indexcache.1.json": "x",
					"tmp/luci-modulecache/x": "x", "etc/init.d/rpcd": "#!/bin/sh\necho rpcd $*\n"} {
					if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, file), []byte(body), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.Command(shell[0], append(shell[1:], dir+"/script")...)
				cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
				if image {
					cmd.Env = append(cmd.Env, "IPKG_INSTROOT="+dir+"/image")
				}
				out, _ := cmd.CombinedOutput()
				left, err := filepath.Glob(dir + "/tmp/*")
				if err != nil || strings.Contains(string(out), "rpcd reload\n") == image || (len(left) == 2) != image || len(left) != 0 && !image {
					t.Errorf("%s under %s, image %v: %s, leaves %v", name, shell, image, out, left)
				}
				if cmd.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "default_postinst") {
					t.Errorf("%s under %s: exit %d, %s", name, shell, cmd.ProcessState.ExitCode(), out)
				}
			}
		}
	}
}

func TestUnknownLanguageIsNamed(t *testing.T) {
	root := tree(t)
	for from, want := range map[string]string{"po/tlh/homeward.po": "the name of the language is not known", "htdocs/empty.js": "is empty"} {
		file := filepath.Join(root, pageFolder, from)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := describePage(root, "1-r1", 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", from, err, want)
		}
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
	}
}

// luciMk is just enough of feeds/luci/luci.mk to tell what it would take from
// the page's recipe.
const luciMk = `.PHONY: show
show:
	@$(foreach v,PKG_VERSION PKG_RELEASE PKG_PO_VERSION PKG_LICENSE PKG_MAINTAINER LUCI_TITLE LUCI_DEPENDS LUCI_URL,echo '$(v)=$($(v))';)
`

// The feed's recipe and the packages written without the SDK say the same.
func TestPagesRecipeAgreesWithThePackages(t *testing.T) {
	o := options{root: "../.."}
	if err := recipeDefaults(&o); err != nil {
		t.Fatal(err)
	}
	version, err := packageVersion(o.version, o.release)
	if err != nil {
		t.Fatal(err)
	}
	list, err := describePage("../..", version, testTime)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, body := range map[string]string{"rules.mk": "", "feeds/luci/luci.mk": luciMk} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("make", "-s", "--warn-undefined-variables", "TOPDIR="+dir, "show")
	cmd.Dir = filepath.Join("../..", pageFolder)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	got, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make: %v\n%s", err, got)
	}
	p := list[0]
	want := fmt.Sprintf("PKG_VERSION=%s\nPKG_RELEASE=%s\nPKG_PO_VERSION=%s\nPKG_LICENSE=%s\nPKG_MAINTAINER=%s <homeward@example.org>\n"+
		"LUCI_TITLE=%s\nLUCI_DEPENDS=+%s\nLUCI_URL=%s\n", o.version, o.release, version, p.License, p.Maintainer, p.Description, strings.Join(p.Depends, " +"), p.URL)
	if string(got) != want {
		t.Errorf("the recipe says\n%s\nthe package\n%s", got, want)
	}
}
