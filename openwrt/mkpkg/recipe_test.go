package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What lang/golang/golang-package.mk of the feed reads (2026), beside what
// every recipe may set.
func knownVariables() []string {
	return []string{
		"GO_PKG", "GO_PKG_INSTALL_EXTRA", "GO_PKG_INSTALL_ALL", "GO_PKG_SOURCE_ONLY", "GO_PKG_BUILD_PKG",
		"GO_PKG_EXCLUDES", "GO_PKG_GO_GENERATE", "GO_PKG_GCFLAGS", "GO_PKG_LDFLAGS", "GO_PKG_LDFLAGS_X",
		"GO_PKG_TAGS", "GO_PKG_INSTALL_BIN_PATH",
		"PKG_NAME", "PKG_VERSION", "PKG_RELEASE", "PKG_SOURCE", "PKG_SOURCE_URL", "PKG_HASH", "PKG_LICENSE",
		"PKG_LICENSE_FILES", "PKG_MAINTAINER", "PKG_BUILD_DEPENDS", "PKG_BUILD_PARALLEL", "PKG_BUILD_FLAGS",
	}
}

// What a recipe may refer to, defined there or in OpenWrt's rules.mk and
// package.mk.
func knownReferences() []string {
	return append(knownVariables(), "TOPDIR", "INCLUDE_DIR", "PKG_BUILD_DIR", "GO_ARCH_DEPENDS",
		"INSTALL_DIR", "INSTALL_BIN", "INSTALL_CONF", "INSTALL_DATA", "1",
		"call GoPackage/Build/Compile", "call GoPackage/Package/Install/Bin",
		"call GoBinPackage", "call BuildPackage", "eval $")
}

func recipe(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRecipeUsesKnownVariablesOnly(t *testing.T) {
	text := recipe(t)
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+)[:?+]?=`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(knownVariables(), m[1]) {
			t.Errorf("the recipe sets %s, which nobody reads", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\$\(([^,()]+)`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(knownReferences(), m[1]) {
			t.Errorf("the recipe refers to $(%s), which nobody defines", m[1])
		}
	}
	for _, want := range []string{
		"# SPDX-License-Identifier: MIT\n", "\ninclude $(TOPDIR)/rules.mk\n",
		"\ninclude $(INCLUDE_DIR)/package.mk\ninclude ../../lang/golang/golang-package.mk\n",
		"\n$(eval $(call GoBinPackage,homeward))\n$(eval $(call BuildPackage,homeward))\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the recipe lacks %q", want)
		}
	}
	if at := strings.Index(text, "GO_PKG_TAGS:="); at < 0 || at > strings.Index(text, "include $(INCLUDE_DIR)") {
		t.Error("GO_PKG variables belong before the include")
	}
}

// Just enough of OpenWrt for make to read the recipe and to run its parts.
const (
	packageMk = `INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
INSTALL_CONF:=install -m0600
`
	golangMk = `GO_ARCH_DEPENDS:=@(x86_64)
define GoPackage/Package/Install/Bin
	$(INSTALL_DIR) $(1)/usr/bin
	$(INSTALL_BIN) $(PKG_BUILD_DIR)/program $(1)/usr/bin/homeward
endef
define GoPackage/Build/Compile
	echo go install $(1)
endef
define GoBinPackage
endef
define BuildPackage
$(eval $(Package/$(1)))
endef
`
	probeMk = `include Makefile
.PHONY: show compile install
show:
	@$(foreach v,PKG_NAME PKG_VERSION PKG_RELEASE PKG_LICENSE PKG_MAINTAINER SECTION CATEGORY URL DEPENDS USERID GO_PKG_BUILD_PKG GO_PKG_LDFLAGS GO_PKG_LDFLAGS_X,echo '$(v)=$($(v))';)
	@echo 'conffiles=$(strip $(Package/homeward/conffiles))'
	@echo 'description=$(strip $(Package/homeward/description))'
compile:
	@$(Build/Compile)
install:
	$(call Package/homeward/install,$(OUT))
`
)

// runRecipe lets make read the recipe between those stand-ins.
func runRecipe(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"rules.mk": "", "package.mk": packageMk, "lang/golang/golang-package.mk": golangMk,
		"net/homeward/Makefile": recipe(t), "net/homeward/probe.mk": probeMk,
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("make", append([]string{"-s", "--warn-undefined-variables", "-f", "probe.mk",
		"TOPDIR=" + dir, "INCLUDE_DIR=" + dir}, args...)...)
	cmd.Dir = filepath.Join(dir, "net/homeward")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	return string(out)
}

// ourMake is the project's make, and not a part of a make that runs the tests.
func ourMake(args ...string) *exec.Cmd {
	cmd := exec.Command("make", append([]string{"-C", "../.."}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=") })
	return cmd
}

// What is proposed to the feeds names the archive that was made with it, and
// who looks after it.
func TestRecipeToPropose(t *testing.T) {
	dist := t.TempDir()
	cmd := ourMake("-s", "recipe", "DIST="+dist, "SITE=https://git.example.net/homeward", "MAINTAINER=Ann Example <ann@example.net>")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	archives, err := filepath.Glob(dist + "/homeward-*.tar.gz")
	if err != nil || len(archives) != 1 {
		t.Fatal(archives, err)
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]string{
		"packages/net/homeward/Makefile": {"PKG_SOURCE_URL:=https://git.example.net/homeward/releases/download/v$(PKG_VERSION)",
			fmt.Sprintf("PKG_HASH:=%x", sha256.Sum256(archive)), "PKG_MAINTAINER:=Ann Example <ann@example.net>", "  URL:=https://git.example.net/homeward"},
		"packages/net/homeward/test.sh":                         {"homeward --version"},
		"luci/applications/luci-app-homeward/Makefile":          {"PKG_MAINTAINER:=Ann Example <ann@example.net>", "LUCI_URL:=https://git.example.net/homeward", "include ../../luci.mk"},
		"luci/applications/luci-app-homeward/po/de/homeward.po": {"msgid"},
	} {
		text, err := os.ReadFile(filepath.Join(dist, "recipe", file))
		if err != nil {
			t.Error(err)
		}
		for _, line := range want {
			if !strings.Contains("\n"+string(text), "\n"+line) && !strings.Contains(string(text), line+" ") {
				t.Errorf("%s lacks %q", file, line)
			}
		}
		if strings.Contains(string(text), "example.org") {
			t.Errorf("%s has an address to be filled in", file)
		}
	}
}

// What is measured, emulated and tested is what the packages hold.
func TestMakeBuildsThePackagesProgram(t *testing.T) {
	var o options
	o.root = "../.."
	if err := recipeDefaults(&o); err != nil {
		t.Fatal(err)
	}
	out, err := ourMake("--no-print-directory", "-n", "build", "BIN=program").CombinedOutput()
	if err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	got := strings.Fields(strings.NewReplacer("\\\n", " ", `"`, "").Replace(string(out)))
	want := strings.Fields("CGO_ENABLED=0 go build " + strings.Join(smallFlags(o.version), " ") + " -o program ./cmd/homeward")
	if !slices.Equal(got, want) {
		t.Errorf("make build runs\n%q\nthe package is built by\n%q", got, want)
	}
}

// The recipe and the package written without the SDK say the same.
func TestRecipeAgreesWithThePackage(t *testing.T) {
	p := testPackage(t)
	var o options
	o.root = "../.."
	if err := recipeDefaults(&o); err != nil {
		t.Fatal(err)
	}
	if _, err := packageVersion(o.version, o.release); err != nil {
		t.Error(err)
	}
	got := runRecipe(t, "show", "PKG_BUILD_DIR=/nowhere")
	want := fmt.Sprintf(`PKG_NAME=%s
PKG_VERSION=%s
PKG_RELEASE=%s
PKG_LICENSE=%s
PKG_MAINTAINER=%s <homeward@example.org>
SECTION=%s
CATEGORY=Network
URL=%s
DEPENDS=@(x86_64) +%s
USERID=%s
GO_PKG_BUILD_PKG=homeward/cmd/homeward
GO_PKG_LDFLAGS=-funcalign=4
GO_PKG_LDFLAGS_X=main.version=%s
conffiles=%s
description=%s
`, p.Name, o.version, o.release, p.License, p.Maintainer, p.Section, p.URL, strings.Join(p.Depends, " +"), p.User, o.version,
		strings.Join(p.Conffiles, " "), p.Description)
	if got != want {
		t.Errorf("the recipe says\n%s\nthe package\n%s", got, want)
	}
	var small []string
	for _, f := range smallFlags("") {
		if strings.HasPrefix(f, "-gcflags") {
			small = append(small, f)
		}
	}
	if got, want := runRecipe(t, "compile", "PKG_BUILD_DIR=/nowhere"), "go install "+strings.Join(small, " ")+"\n"; got != want {
		t.Errorf("the recipe compiles with %q, the package with %q", got, want)
	}
}

// The SDK calls OpenWrt's own functions before, or around, the recipe's part.
func TestRecipesScriptsAreThePackages(t *testing.T) {
	text := recipe(t)
	for name, want := range map[string]string{"postinst": "#!/bin/sh\n" + reloadBus + "exit 0\n", "postrm": postrm(testPackage(t))} {
		_, body, _ := strings.Cut(text, "\ndefine Package/homeward/"+name+"\n")
		body, _, _ = strings.Cut(body, "endef\n")
		if got := strings.ReplaceAll(body, "$$", "$"); got != want {
			t.Errorf("%s is\n%s\nthe package's is\n%s", name, got, want)
		}
	}
}

func TestRecipeInstallsThePackagesFiles(t *testing.T) {
	build, out := t.TempDir(), t.TempDir()
	if err := os.CopyFS(build, os.DirFS("testdata/tree")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(build, "program"), []byte("\x7fELF and so on"), 0o600); err != nil {
		t.Fatal(err)
	}
	runRecipe(t, "install", "PKG_BUILD_DIR="+build, "OUT="+out)
	var got, want []string
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		name, _ := filepath.Rel(out, path)
		got = append(got, fmt.Sprintf("%04o %s %q", info.Mode(), name, body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range testPackage(t).Files {
		want = append(want, fmt.Sprintf("%04o %s %q", f.Mode, f.Path, f.Body))
	}
	slices.Sort(got)
	slices.Sort(want)
	same(t, "installed by the recipe", got, want)
}

// The feed's CI calls these with the package's name and version.
func TestFeedTests(t *testing.T) {
	const good = `#!/bin/sh
[ "$1" = --version ] && echo "homeward 1.4.2" && exit
[ "$1 $2" = "check -c" ] && grep -q '^service = "ipv64"' "$3" && grep -q '^token = ' "$3"
`
	for name, c := range map[string]struct {
		script, homeward string
		args             []string
		ok               bool
	}{
		"all well":             {"test.sh", good, []string{"homeward", "1.4.2"}, true},
		"another version":      {"test.sh", good, []string{"homeward", "1.4.3"}, false},
		"refuses all":          {"test.sh", strings.Replace(good, "ipv64", "none", 1), []string{"homeward", "1.4.2"}, false},
		"accepts all":          {"test.sh", good + "exit 0\n", []string{"homeward", "1.4.2"}, false},
		"another package":      {"test.sh", good, []string{"luci-app-homeward", "1.4.2"}, true},
		"version":              {"test-version.sh", good, []string{"homeward", "1.4.2"}, true},
		"version differs":      {"test-version.sh", good, []string{"homeward", "1.4.3"}, false},
		"version of an other":  {"test-version.sh", good, []string{"other", "1.4.2"}, false},
		"program does not run": {"test-version.sh", "#!/nowhere\n", []string{"homeward", "1.4.2"}, false},
	} {
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, "homeward"), []byte(c.homeward), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, shell := range [][]string{{"busybox", "ash"}, {"dash"}} {
			cmd := exec.Command(shell[0], append(append(shell[1:], "../"+c.script), c.args...)...)
			cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
			if out, err := cmd.CombinedOutput(); (err == nil) != c.ok {
				t.Errorf("%s: %s under %s: %v\n%s", name, c.script, shell, err, out)
			}
		}
	}
}
