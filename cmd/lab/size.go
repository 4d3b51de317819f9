package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// build is one of the routers' processors, and how big the program may be for
// it: KiB, as it is and packed as OpenWrt's flash is.
type build struct {
	name       string
	env        []string
	most, mxz  int
	aim, aimXZ int
}

var builds = []build{
	{"amd64", []string{"GOARCH=amd64"}, 6300, 1930, 5600, 1700},
	{"arm64", []string{"GOARCH=arm64"}, 5800, 1660, 5100, 1450},
	{"armv7", []string{"GOARCH=arm", "GOARM=7"}, 6000, 1700, 5300, 1500},
	{"armv5", []string{"GOARCH=arm", "GOARM=5"}, 6050, 1710, 5350, 1510},
	{"mipsle", []string{"GOARCH=mipsle", "GOMIPS=softfloat"}, 6900, 1600, 6000, 1400},
}

// size builds the program with the flags for each of them, prints a table, and
// is an error if one is too big.
func size(flags []string) error {
	dir, err := os.MkdirTemp("", "homeward-size-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	packed := true
	if _, err := exec.LookPath("xz"); err != nil {
		packed = false
		fmt.Println("There is no xz here: the packed sizes are neither measured nor checked.")
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "KiB\tstripped\tat most\taim\txz -9\tat most\taim\t")
	var over []string
	for _, b := range builds {
		file := filepath.Join(dir, b.name)
		whole, err := b.make(file, flags)
		if err != nil {
			return err
		}
		xz := 0
		if packed {
			if xz, err = xzKiB(file); err != nil {
				return err
			}
		}
		if whole > b.most || xz > b.mxz {
			over = append(over, b.name)
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", b.name, whole, b.most, b.aim, xz, b.mxz, b.aimXZ)
	}
	out.Flush()
	if over != nil {
		return fmt.Errorf("too big for %s", strings.Join(over, ", "))
	}
	return noReflectMethod(flags)
}

// make builds the program and returns its size in KiB, rounded up.
func (b build) make(file string, flags []string) (int, error) {
	if out, err := b.goBuild(file, flags); err != nil {
		return 0, fmt.Errorf("build for %s: %w\n%s", b.name, err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return kiB(int(info.Size())), nil
}

func (b build) goBuild(file string, flags []string) ([]byte, error) {
	cmd := exec.Command("go", slices.Concat([]string{"build"}, flags, []string{"-o", file, "./cmd/homeward"})...)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux"), b.env...)
	return cmd.CombinedOutput()
}

func kiB(bytes int) int { return (bytes + 1023) / 1024 }

// xzKiB returns the size of a file packed by xz -9, in KiB.
func xzKiB(file string) (int, error) {
	out, err := exec.Command("xz", "-9", "-T1", "-c", file).Output()
	if err != nil {
		return 0, fmt.Errorf("xz: %w", err)
	}
	return kiB(len(out)), nil
}

// noReflectMethod has the linker say why it keeps what it keeps. A method that
// is looked up by a name it cannot know makes it keep every exported one.
func noReflectMethod(flags []string) error {
	flags = dumpdep(flags)
	if flags == nil {
		return errors.New("no -ldflags among the build flags")
	}
	out, err := builds[0].goBuild(os.DevNull, flags)
	if err != nil {
		return fmt.Errorf("build with -dumpdep: %w", err)
	}
	if !bytes.Contains(out, []byte(" -> ")) {
		return errors.New("the linker did not say what depends on what")
	}
	for line := range bytes.Lines(out) {
		if bytes.Contains(line, []byte("<ReflectMethod>")) {
			return fmt.Errorf("methods are looked up by name, which keeps all of them: %s", line)
		}
	}
	fmt.Println("No method is looked up by name: dead ones are left out (-dumpdep).")
	return nil
}

// dumpdep adds -dumpdep to the linker's flags, nil if there are none.
func dumpdep(flags []string) []string {
	flags = slices.Clone(flags)
	for i, f := range flags {
		if strings.HasPrefix(f, "-ldflags=") {
			flags[i] = f + " -dumpdep"
			return flags
		}
	}
	return nil
}
