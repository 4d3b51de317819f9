package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree returns a copy of the test's tree with a program that can be built.
func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/tree")); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(root, "cmd/homeward/main.go")
	if err := os.Rename(main+".txt", main); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module homeward\n\ngo 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

// built runs mkpkg and returns what it printed.
func built(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(args, func(k string) string { return env[k] }, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// files returns a folder's files with the checksum of each.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		list = append(list, fmt.Sprintf("%s %x", name, sha256.Sum256(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func secretKeys(t *testing.T) (env map[string]string) {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalECPrivateKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"apk.pem": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		"usign":   usignSecret("abcdefgh", 0, ed),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{
		"SOURCE_DATE_EPOCH": "1763769600",
		"APK_KEY":           filepath.Join(dir, "apk.pem"), "OPKG_KEY": filepath.Join(dir, "usign"),
	}
}

func TestTwoBuildsGiveTheSameBytes(t *testing.T) {
	env := secretKeys(t)
	one, two := t.TempDir(), t.TempDir()
	built(t, env, "-root", tree(t), "-dist", one, "-arch", "mipsel_24kc")
	built(t, env, "-root", tree(t), "-dist", two, "-arch", "mipsel_24kc")
	same(t, "second build", files(t, two), files(t, one))
	var names []string
	for _, f := range files(t, one) {
		names = append(names, f[:strings.Index(f, " ")])
	}
	same(t, "files", names, []string{
		"mipsel_24kc/Packages", "mipsel_24kc/Packages.gz", "mipsel_24kc/Packages.sig",
		"mipsel_24kc/homeward-1.4.2-r3.apk", "mipsel_24kc/homeward_1.4.2-r3_mipsel_24kc.ipk",
		"mipsel_24kc/luci-app-homeward-1.4.2-r3.apk", "mipsel_24kc/luci-app-homeward_1.4.2-r3_all.ipk",
		"mipsel_24kc/luci-i18n-homeward-de-1.4.2-r3.apk", "mipsel_24kc/luci-i18n-homeward-de_1.4.2-r3_all.ipk",
		"mipsel_24kc/packages.adb",
	})
	built(t, nil, "-root", tree(t), "-dist", one, "-arch", "mipsel_24kc")
	if _, err := os.Stat(filepath.Join(one, "mipsel_24kc/Packages.sig")); err == nil {
		t.Error("an unsigned index still has the signature of the one before")
	}
}

// The folder is a feed: both indices lead to the packages beside them.
func TestFolderIsAFeed(t *testing.T) {
	dist := t.TempDir()
	out := built(t, nil, "-root", tree(t), "-dist", dist, "-arch", "x86_64")
	dir := filepath.Join(dist, "x86_64")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ipk, apk := read("homeward_1.4.2-r3_x86_64.ipk"), read("homeward-1.4.2-r3.apk")
	index := string(read("Packages"))
	if !strings.HasPrefix(index, "Package: homeward\nVersion: 1.4.2-r3\nDepends: ca-bundle\nLicense: MIT\nSection: net\nURL: https://example.org/homeward\nArchitecture: x86_64\n") ||
		!strings.Contains(index, fmt.Sprintf("Filename: homeward_1.4.2-r3_x86_64.ipk\nSize: %d\nSHA256sum: %x\nDescription: Dynamic",
			len(ipk), sha256.Sum256(ipk))) || !strings.HasSuffix(index, "\n\n") {
		t.Errorf("Packages:\n%s", index)
	}
	for _, name := range []string{"luci-app-homeward", "luci-i18n-homeward-de"} {
		file := name + "_1.4.2-r3_all.ipk"
		if !strings.Contains(index, "\n\nPackage: "+name+"\n") || !strings.Contains(index, fmt.Sprintf("Filename: %s\nSize: %d\n", file, len(read(file)))) {
			t.Errorf("Packages lacks %s:\n%s", name, index)
		}
	}
	if !bytes.Equal(read("Packages.gz"), zip([]byte(index))) {
		t.Error("Packages.gz is another index")
	}
	a, err := readArchive(bytes.NewReader(apk))
	if err != nil {
		t.Fatal(err)
	}
	shown := built(t, nil, "-dump", filepath.Join(dir, "packages.adb"))
	want := fmt.Sprintf("packages: # 3 items\n  - name: homeward\n    version: 1.4.2-r3\n    hashes: %x\n", sha256.Sum256(a.adb))
	if !strings.Contains(shown, want) || !strings.Contains(shown, fmt.Sprintf("    file-size: %d\n", len(apk))) {
		t.Errorf("packages.adb:\n%s\nwant in it\n%s", shown, want)
	}
	if !strings.Contains(out, "| x86_64 | GOARCH=amd64 |") {
		t.Errorf("printed %q", out)
	}
}

func TestSignedFeedVerifies(t *testing.T) {
	env, dist := secretKeys(t), t.TempDir()
	built(t, env, "-root", tree(t), "-dist", dist, "-arch", "x86_64")
	key, err := readPrivateKey(env["APK_KEY"])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pub := filepath.Join(t.TempDir(), "homeward.pem")
	if err := os.WriteFile(pub, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"homeward-1.4.2-r3.apk", "packages.adb"} {
		if out := built(t, nil, "-dump", filepath.Join(dist, "x86_64", name), "-pub", pub); !strings.Contains(out, "..: OK\n") {
			t.Errorf("%s: no good signature in\n%s", name, out)
		}
	}
}

// Every architecture builds, and the program is of the kind its table says.
func TestProgramIsBuiltForItsArchitecture(t *testing.T) {
	b := &builder{root: tree(t), version: "1.4.2", dir: t.TempDir(), built: map[string]string{}}
	for name, want := range map[string]struct {
		machine elf.Machine
		order   elf.Data
	}{
		"x86_64":           {elf.EM_X86_64, elf.ELFDATA2LSB},
		"aarch64_generic":  {elf.EM_AARCH64, elf.ELFDATA2LSB},
		"arm_xscale":       {elf.EM_ARM, elf.ELFDATA2LSB},
		"mips_24kc":        {elf.EM_MIPS, elf.ELFDATA2MSB},
		"mipsel_74kc":      {elf.EM_MIPS, elf.ELFDATA2LSB},
		"i386_pentium-mmx": {elf.EM_386, elf.ELFDATA2LSB},
	} {
		a, err := findArch(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := b.program(a)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != want.machine || f.Data != want.order || f.Section(".symtab") != nil || f.Section(".interp") != nil {
			t.Errorf("%s: %v %v, want %v %v, stripped and static", name, f.Machine, f.Data, want.machine, want.order)
		}
		f.Close()
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("1.4.2")) {
			t.Errorf("%s: the version is not in the program: %v", name, err)
		}
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	root := tree(t)
	broken := tree(t)
	if err := os.WriteFile(filepath.Join(broken, "cmd/homeward/main.go"), []byte("package main\nfunc main() { nothing() }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args string
		env  map[string]string
		want string
	}{
		"nothing":        {"", nil, "either -arch ARCHITECTURE or -all"},
		"both":           {"-all -arch x86_64", nil, "either -arch ARCHITECTURE or -all"},
		"an argument":    {"x86_64", nil, "no arguments but options"},
		"unknown":        {"-arch mips", nil, `"mips" is not known; these are: aarch64_cortex-a53, `},
		"a v in front":   {"-arch x86_64 -version v1.2", nil, "without a v in front"},
		"no tree":        {"-arch x86_64 -root /nowhere", nil, "/nowhere/openwrt/Makefile"},
		"does not build": {"-arch x86_64 -root " + broken, nil, "undefined: nothing"},
		"no program":     {"-arch x86_64 -program /nowhere/homeward", nil, "/usr/bin/homeward: open /nowhere/homeward"},
		"an odd time":    {"-arch x86_64", map[string]string{"SOURCE_DATE_EPOCH": "today"}, "seconds since 1970"},
		"no key":         {"-arch x86_64", map[string]string{"APK_KEY": "/nowhere/key.pem"}, "APK_KEY: open /nowhere/key.pem"},
		"no usign key":   {"-arch x86_64", map[string]string{"OPKG_KEY": "/nowhere/key"}, "OPKG_KEY: open /nowhere/key"},
		"no archive":     {"-dump main_test.go", nil, "main_test.go: no apk v3 archive"},
	} {
		args := strings.Fields(c.args)
		if !strings.Contains(c.args, "-root") && !strings.Contains(c.args, "-dump") && c.args != "x86_64" {
			args = append(args, "-root", root, "-dist", t.TempDir())
		}
		err := run(args, func(k string) string { return c.env[k] }, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}
