// Command mkpkg builds homeward for OpenWrt's architectures and writes the
// packages, of the program and of its page in LuCI: an .ipk for opkg (up to
// 24.10), an .apk for apk (25.12 and later), and the index that makes their
// folder a feed of each. It is a tool of the
// build and never shipped.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

type options struct {
	root, dist, arch, version, release string
	program, readme, dump, pub         string
	all, list                          bool
}

func main() {
	if err := run(os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mkpkg:", err)
		os.Exit(1)
	}
}

// run is the whole program. From the environment it takes SOURCE_DATE_EPOCH
// (the time of every file, 0 without), APK_KEY and OPKG_KEY (files of secret
// keys, unsigned without).
func run(args []string, getenv func(string) string, stdout io.Writer) error {
	var o options
	f := flag.NewFlagSet("mkpkg", flag.ContinueOnError)
	f.StringVar(&o.root, "root", ".", "the `folder` of the sources")
	f.StringVar(&o.dist, "dist", "dist", "the `folder` to write into")
	f.StringVar(&o.arch, "arch", "", "the OpenWrt `architecture` to build for")
	f.BoolVar(&o.all, "all", false, "build for every architecture")
	f.BoolVar(&o.list, "list", false, "list the architectures and their Go settings")
	f.StringVar(&o.version, "version", "", "the program's `version`; without it the recipe's")
	f.StringVar(&o.release, "release", "", "the package's `number`; without it the recipe's")
	f.StringVar(&o.program, "program", "", "pack this `file` instead of building one")
	f.StringVar(&o.readme, "readme", "", "write the table of sizes into this `file`, too")
	f.StringVar(&o.dump, "dump", "", "check an apk package or index `file` and show what is in it")
	f.StringVar(&o.pub, "pub", "", "with -dump: the public key `file` to check its signature with")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("%q: no arguments but options, please", f.Arg(0))
	case o.dump != "":
		return show(o, stdout)
	case o.list:
		_, err := io.WriteString(stdout, bareTable())
		return err
	case o.all == (o.arch != ""):
		return fmt.Errorf("either -arch ARCHITECTURE or -all, please; -list names them")
	}
	return packages(o, getenv, stdout)
}

// show checks a file and dumps it.
func show(o options, stdout io.Writer) error {
	file, err := os.Open(o.dump)
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := readArchive(file)
	if err != nil {
		return fmt.Errorf("%s: %w", o.dump, err)
	}
	if err := check(a); err != nil {
		return fmt.Errorf("%s: %w", o.dump, err)
	}
	if o.pub == "" {
		return dump(stdout, a, nil)
	}
	key, err := readPublicKey(o.pub)
	if err != nil {
		return err
	}
	return dump(stdout, a, key)
}

// packages builds and writes what the options ask for, and prints its sizes.
func packages(o options, getenv func(string) string, stdout io.Writer) error {
	list := archs()
	if !o.all {
		a, err := findArch(o.arch)
		if err != nil {
			return err
		}
		list = []arch{a}
	}
	k, mtime, err := environment(getenv)
	if err != nil {
		return err
	}
	if err := recipeDefaults(&o); err != nil {
		return err
	}
	done, err := publishAll(o, list, k, mtime)
	if err != nil {
		return err
	}
	return report(done, o.readme, stdout)
}

// publishAll builds the program for each architecture, or takes the one that
// is given, and publishes its packages.
func publishAll(o options, list []arch, k keys, mtime int64) (done []sizes, err error) {
	version, err := packageVersion(o.version, o.release)
	if err != nil {
		return nil, err
	}
	pages, err := describePage(o.root, version, mtime)
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "mkpkg")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	b := &builder{root: o.root, version: o.version, dir: tmp, built: map[string]string{}}
	for _, a := range list {
		program, err := filepath.Abs(o.program)
		if o.program == "" {
			program, err = b.program(a)
		}
		if err != nil {
			return nil, err
		}
		p, err := describe(o.root, program, a.name, version, mtime)
		if err != nil {
			return nil, err
		}
		s, err := publish(append([]Package{p}, pages...), a, o.dist, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		done = append(done, s)
	}
	return done, nil
}

// report prints the table, and puts it into the README where one is named.
func report(done []sizes, readme string, stdout io.Writer) error {
	if _, err := io.WriteString(stdout, table(done)); err != nil || readme == "" {
		return err
	}
	old, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	text, err := withTable(old, table(done))
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	return os.WriteFile(readme, text, 0o644)
}

// environment reads the time and the keys.
func environment(getenv func(string) string) (k keys, mtime int64, err error) {
	if s := getenv("SOURCE_DATE_EPOCH"); s != "" {
		if mtime, err = strconv.ParseInt(s, 10, 64); err != nil || mtime < 0 {
			return k, 0, fmt.Errorf("SOURCE_DATE_EPOCH=%q: seconds since 1970, please", s)
		}
	}
	if s := getenv("APK_KEY"); s != "" {
		if k.apk, err = readPrivateKey(s); err != nil {
			return k, 0, fmt.Errorf("APK_KEY: %w", err)
		}
	}
	if s := getenv("OPKG_KEY"); s != "" {
		if k.opkg, err = readUsignKey(s); err != nil {
			return k, 0, fmt.Errorf("OPKG_KEY: %w", err)
		}
	}
	return k, mtime, nil
}
