package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A functions.sh that tells what it was asked, and with what around it.
const functions = `note() { echo "$* root=$root pkgname=$pkgname upgrade=$PKG_UPGRADE"; }
add_group_and_user() { note add_group_and_user "$@"; }
default_postinst() { note default_postinst "$@"; return 3; }
default_prerm() { note default_prerm "$@"; return 3; }
`

// runScript runs a package's script under a shell, for a root with functions
// in it, and returns its output and exit code.
func runScript(t *testing.T, shell []string, script string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "homeward.postinst")
	for name, body := range map[string]string{file: script, filepath.Join(dir, "lib/functions.sh"): functions} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(body), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(shell[0], append(shell[1:], file, "1.4.2-r3")...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "IPKG_INSTROOT=" + dir}, env...)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s%d", strings.ReplaceAll(string(out), dir, "DIR"), cmd.ProcessState.ExitCode())
}

func TestScriptsCallOpenWrtsFunctions(t *testing.T) {
	p := testPackage(t)
	apk := openwrtAPK(p).Scripts
	for _, shell := range [][]string{{"busybox", "ash"}, {"dash"}} {
		for name, c := range map[string]struct {
			script, env, want string
		}{
			"opkg postinst": {opkgPostinst(p), "", "default_postinst DIR/homeward.postinst 1.4.2-r3 root= pkgname= upgrade=\n3"},
			"opkg prerm":    {opkgPrerm, "", "default_prerm DIR/homeward.postinst 1.4.2-r3 root= pkgname= upgrade=\n3"},
			"apk post-install": {apk[scriptPostInstall], "", "add_group_and_user root=DIR pkgname=homeward upgrade=\n" +
				"default_postinst root=DIR pkgname=homeward upgrade=\n3"},
			"apk post-upgrade": {apk[scriptPostUpgrade], "", "add_group_and_user root=DIR pkgname=homeward upgrade=1\n" +
				"default_postinst root=DIR pkgname=homeward upgrade=1\n3"},
			"apk pre-deinstall":    {apk[scriptPreDeinstall], "", "default_prerm root=DIR pkgname=homeward upgrade=\n3"},
			"opkg, no scripts":     {opkgPostinst(p), "IPKG_NO_SCRIPT=1", "0"},
			"apk, no scripts":      {apk[scriptPostInstall], "IPKG_NO_SCRIPT=1", "0"},
			"opkg, no functions":   {opkgPostinst(p), "IPKG_INSTROOT=/nowhere", "0"},
			"apk, no functions":    {apk[scriptPostUpgrade], "IPKG_INSTROOT=/nowhere", "0"},
			"removal, no function": {apk[scriptPreDeinstall], "IPKG_INSTROOT=/nowhere", "0"},
			"opkg postrm":          {postrm(p), "", "0"},
			"apk post-deinstall":   {apk[scriptPostDeinstall], "", "0"},
		} {
			if got := runScript(t, shell, c.script, c.env); got != c.want {
				t.Errorf("%s under %s: %s\nwant %s", name, shell, got, c.want)
			}
		}
	}
}

// On the router itself ubusd is told of the ACL and rpcd of the plugins that came
// or went, and what holds a token goes with the package, but not with an upgrade of it.
func TestScriptsOnTheRouterItself(t *testing.T) {
	p := testPackage(t)
	apk := openwrtAPK(p).Scripts
	for _, shell := range [][]string{{"busybox", "ash"}, {"dash"}} {
		for name, c := range map[string]struct {
			script string
			env    string
			args   []string
			want   string // of its output and exit code
			kept   bool   // the generated configuration
		}{
			"opkg postinst":         {opkgPostinst(p), "", nil, "default_postinst DIR/script root= pkgname= upgrade=\nkillall -q -HUP ubusd\nrpcd reload\n3", true},
			"apk post-install":      {apk[scriptPostInstall], "", nil, "add_group_and_user root= pkgname=homeward upgrade=\ndefault_postinst root= pkgname=homeward upgrade=\nkillall -q -HUP ubusd\nrpcd reload\n3", true},
			"apk post-upgrade":      {apk[scriptPostUpgrade], "", nil, "add_group_and_user root= pkgname=homeward upgrade=1\ndefault_postinst root= pkgname=homeward upgrade=1\nkillall -q -HUP ubusd\nrpcd reload\n3", true},
			"opkg postrm":           {postrm(p), "", []string{"remove"}, "killall -q -HUP ubusd\nrpcd reload\n0", false},
			"opkg postrm, upgrade":  {postrm(p), "", []string{"upgrade"}, "0", true},
			"opkg postrm, upgrades": {postrm(p), "PKG_UPGRADE=1", nil, "0", true},
			"apk post-deinstall":    {apk[scriptPostDeinstall], "", []string{"1.4.2-r3"}, "killall -q -HUP ubusd\nrpcd reload\n0", false},
		} {
			dir := t.TempDir()
			here := strings.NewReplacer("/etc/init.d/", dir+"/etc/init.d/", "/var/etc/", dir+"/var/etc/",
				"${IPKG_INSTROOT}/lib", dir+"/lib").Replace(c.script)
			for file, body := range map[string]string{"script": here, "lib/functions.sh": functions, "var/etc/homeward.toml": "token",
				"var/etc/homeward.toml.new": "token", "etc/init.d/rpcd": "#!/bin/sh\necho rpcd $*\n", "bin/killall": "#!/bin/sh\necho killall $*\n"} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), []byte(body), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(shell[0], append(append(shell[1:], dir+"/script"), c.args...)...)
			cmd.Env = []string{"PATH=" + dir + "/bin:" + os.Getenv("PATH"), c.env}
			out, _ := cmd.CombinedOutput()
			if got := fmt.Sprintf("%s%d", strings.ReplaceAll(strings.ReplaceAll(string(out), " \n", "\n"), dir, "DIR"), cmd.ProcessState.ExitCode()); got != c.want {
				t.Errorf("%s under %s: %s\nwant %s", name, shell, got, c.want)
			}
			left, err := filepath.Glob(dir + "/var/etc/*")
			if err != nil || (len(left) == 2) != c.kept || !c.kept && len(left) > 0 {
				t.Errorf("%s under %s leaves %v", name, shell, left)
			}
		}
	}
}

// apkFiles returns the files of a package as "mode user:group time path", and
// their contents.
func apkFiles(t *testing.T, a *archive) (list []string, content map[string]string) {
	t.Helper()
	d := &decoder{adb: a.adb}
	must := func(words []value, err error) []value {
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	show := func(k kind, v value) string {
		s, err := d.show(k, v)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	content = map[string]string{}
	data := a.data
	root := must(d.slots(value(binary.LittleEndian.Uint32(a.adb[4:]))))
	for _, v := range must(d.slots(root[pkgPaths]))[1:] {
		dir := must(d.slots(v))
		files := must(d.slots(slot(dir, dirFiles)))
		for i := 1; i < len(files); i++ {
			f := must(d.slots(files[i]))
			acl := must(d.slots(f[fileACL]))
			name := show(asText, dir[dirName]) + "/" + show(asText, f[fileName])
			list = append(list, fmt.Sprintf("%s %s:%s %s %s", show(asOctal, acl[aclMode]),
				show(asText, acl[aclUser]), show(asText, acl[aclGroup]), show(asNumber, f[fileTime]), name))
			content[name], data = string(data[0].body), data[1:]
		}
	}
	return list, content
}

func TestAPKHoldsTheFiles(t *testing.T) {
	p := testPackage(t)
	a, err := makeAPK(openwrtAPK(p))
	if err != nil {
		t.Fatal(err)
	}
	if err := check(a); err != nil {
		t.Fatal(err)
	}
	got, content := apkFiles(t, a)
	same(t, "files", got, []string{
		"0600 root:root 1763769600 etc/config/homeward",
		"0755 root:root 1763769600 etc/init.d/homeward",
		"0644 root:root 1763769600 lib/apk/packages/homeward.conffiles",
		"0644 root:root 1763769600 lib/apk/packages/homeward.conffiles_static",
		"0644 root:root 1763769600 lib/apk/packages/homeward.list",
		"0644 root:root 1763769600 lib/apk/packages/homeward.rusers",
		"0644 root:root 1763769600 lib/upgrade/keep.d/homeward",
		"0755 root:root 1763769600 usr/bin/homeward",
		"0755 root:root 1763769600 usr/libexec/homeward-on-change",
		"0755 root:root 1763769600 usr/libexec/rpcd/homeward",
		"0755 root:root 1763769600 usr/libexec/rpcd/homeward-event",
		"0644 root:root 1763769600 usr/share/acl.d/homeward.json",
		"0644 root:root 1763769600 usr/share/homeward/hotplug/ntfy",
		"0644 root:root 1763769600 usr/share/homeward/hotplug/wireguard",
		"0644 root:root 1763769600 usr/share/rpcd/acl.d/homeward.json",
	})
	for _, f := range p.Files {
		if content[f.Path] != string(f.Body) {
			t.Errorf("%s: %q, want %q", f.Path, content[f.Path], f.Body)
		}
	}
	for name, want := range map[string]string{
		"conffiles":        "/etc/config/homeward\n",
		"conffiles_static": fmt.Sprintf("/etc/config/homeward %x\n", sha256.Sum256(p.body("/etc/config/homeward"))),
		"rusers":           "homeward=864:homeward=864\n",
		"list": "/etc/config/homeward\n/etc/init.d/homeward\n/lib/apk/packages/homeward.rusers\n" +
			"/lib/upgrade/keep.d/homeward\n/usr/bin/homeward\n/usr/libexec/homeward-on-change\n/usr/libexec/rpcd/homeward\n" +
			"/usr/libexec/rpcd/homeward-event\n/usr/share/acl.d/homeward.json\n" +
			"/usr/share/homeward/hotplug/ntfy\n/usr/share/homeward/hotplug/wireguard\n/usr/share/rpcd/acl.d/homeward.json\n",
	} {
		if got := content["lib/apk/packages/homeward."+name]; got != want {
			t.Errorf("%s:\n%swant\n%s", name, got, want)
		}
	}
}

func TestAPKSaysWhatItIs(t *testing.T) {
	a, err := makeAPK(openwrtAPK(testPackage(t)))
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := dump(&shown, a, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  name: homeward\n  version: 1.4.2-r3\n", "  arch: mipsel_24kc\n  license: MIT\n",
		"  depends: # 1 items\n    - ca-bundle\n  provides: # 1 items\n    - homeward-any\n",
		"  url: https://example.org/homeward\n",
		"  post-install: |\n", "  pre-deinstall: |\n", "  post-deinstall: |\n", "  post-upgrade: |\n    #!/bin/sh\n    export PKG_UPGRADE=1\n",
	} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("dump lacks %q:\n%s", want, shown.String())
		}
	}
}

func TestOddDependencyIsRefused(t *testing.T) {
	for _, name := range []string{"", "libc>=1", "a b", "!x", "-x"} {
		in := sampleInput(t)
		in.Depends = append(in.Depends, name)
		if _, err := makeAPK(in); err == nil {
			t.Errorf("a dependency %q was taken", name)
		}
	}
}
