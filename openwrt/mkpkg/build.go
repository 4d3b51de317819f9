package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// smallFlags make the program a third smaller. Inlining stays where it saves
// memory, without it the netlink library allocates 64 KiB for every message,
// and in the arithmetic of TLS, which is eight times as slow without on arm and
// mips, and in utf8, which is smaller with it.
func smallFlags(version string) []string {
	return []string{
		"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -funcalign=4 -X main.version=" + version,
		"-gcflags=all=-l", "-gcflags=os=", "-gcflags=github.com/vishvananda/netlink/nl=",
		"-gcflags=math/bits=",
		"-gcflags=crypto/internal/fips140/nistec/fiat=",
		"-gcflags=crypto/internal/fips140/edwards25519/field=",
		"-gcflags=crypto/internal/fips140/bigmod=",
		"-gcflags=crypto/internal/fips140/mlkem=",
		"-gcflags=crypto/internal/fips140/sha3=",
		"-gcflags=unicode/utf8=",
	}
}

// builder builds programs for architectures, each Go setting once.
type builder struct {
	root    string // the tree
	version string // the program's, without the package's release
	dir     string // where the programs go
	built   map[string]string
}

// program returns the path of the program for a.
func (b *builder) program(a arch) (string, error) {
	setting := strings.Join(a.env, " ")
	if file, ok := b.built[setting]; ok {
		return file, nil
	}
	file := filepath.Join(b.dir, strings.NewReplacer("=", "-", " ", "_").Replace(setting))
	args := append([]string{"build", "-o", file}, smallFlags(b.version)...)
	cmd := exec.Command("go", append(args, "./cmd/homeward")...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), append([]string{"CGO_ENABLED=0", "GOOS=linux", "GOFLAGS="}, a.env...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build for %s (%s): %w\n%s", a.name, setting, err, out)
	}
	b.built[setting] = file
	return file, nil
}
