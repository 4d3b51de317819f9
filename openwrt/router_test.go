// Package openwrt_test runs what the package brings to a router, the shell
// scripts under busybox ash and under dash, in a root directory of its own.
package openwrt_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The programs that the scripts call, all of them busybox's own on a router.
var applets = []string{"basename", "cat", "chmod", "cmp", "env", "ln", "ls", "mkdir", "mv", "rm", "sed", "stat", "tail", "touch", "tr"}

// A router is a root directory with the scripts, a shell, and stand-ins for
// what OpenWrt has, which write each call to /calls.
type router struct {
	*testing.T
	root string
}

// eachShell runs a test on a fresh router of each shell, beside other tests.
func eachShell(t *testing.T, test func(r router)) {
	t.Helper()
	t.Parallel()
	for _, shell := range []string{"busybox", "dash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			r := router{t, t.TempDir()}
			syscall.ForkLock.RLock()
			err := os.CopyFS(r.root, os.DirFS("testdata/root"))
			syscall.ForkLock.RUnlock()
			r.mustNot(err)
			r.install("busybox", "/bin/busybox")
			r.install("dash", "/bin/dash")
			r.mustNot(os.Symlink(shell, r.path("/bin/sh")))
			for _, name := range applets {
				r.mustNot(os.Symlink("busybox", r.path("/bin/"+name)))
			}
			r.copy("../init.d/homeward", "/etc/init.d/homeward")
			r.copy("rpcd-homeward", "/usr/libexec/rpcd/homeward")
			r.copy("rpcd-homeward-event", "/usr/libexec/rpcd/homeward-event")
			r.program(builtJSONFilter, "/bin/jsonfilter")
			r.write("/up", "")
			r.write("/dev/null", "")
			test(r)
		})
	}
}

func (r router) mustNot(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r router) path(name string) string { return filepath.Join(r.root, name) }

// write writes a file while no test starts a process: that would hold the file
// open for a moment, and it could not be run (ETXTBSY).
func (r router) write(name, text string) {
	r.Helper()
	r.mustNot(os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	syscall.ForkLock.RLock()
	err := os.WriteFile(r.path(name), []byte(text), 0o644)
	syscall.ForkLock.RUnlock()
	r.mustNot(err)
}

func (r router) copy(from, to string) {
	r.Helper()
	data, err := os.ReadFile(from)
	r.mustNot(err)
	r.write(to, string(data))
	r.mustNot(os.Chmod(r.path(to), 0o755))
}

// program puts one that was built there.
func (r router) program(built func() (string, error), to string) {
	r.Helper()
	bytes, err := built()
	r.mustNot(err)
	r.write(to, bytes)
	r.mustNot(os.Chmod(r.path(to), 0o755))
}

// read returns a file, "" if there is none.
func (r router) read(name string) string {
	r.Helper()
	data, err := os.ReadFile(r.path(name))
	if !errors.Is(err, fs.ErrNotExist) {
		r.mustNot(err)
	}
	return string(data)
}

// install puts a program of this machine there, with the libraries it needs.
func (r router) install(program, to string) {
	r.Helper()
	from, err := exec.LookPath(program)
	if err != nil {
		r.Fatalf("this test runs the scripts under %s, which is missing: apt-get install busybox dash", program)
	}
	r.copy(from, to)
	bin, err := elf.Open(from)
	r.mustNot(err)
	defer bin.Close()
	for _, p := range bin.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, p.Filesz)
			_, err := p.ReadAt(name, 0)
			r.mustNot(err)
			loader := strings.TrimRight(string(name), "\x00")
			r.copy(loader, loader)
		}
	}
	libs, err := bin.ImportedLibraries()
	r.mustNot(err)
	for _, lib := range libs {
		r.copyLibrary(lib)
	}
}

// copyLibrary puts a shared library where the loader finds it.
func (r router) copyLibrary(name string) {
	r.Helper()
	for _, pattern := range []string{"/lib/*-linux-*/", "/usr/lib/*-linux-*/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"} {
		found, err := filepath.Glob(pattern + name)
		r.mustNot(err)
		if len(found) > 0 {
			r.copy(found[0], "/lib/"+name)
			return
		}
	}
	r.Fatalf("the library %s is not found", name)
}

// What is built once: the stand-in for OpenWrt's jsonfilter, and the program.
var (
	builtJSONFilter = sync.OnceValues(func() (string, error) { return goBuild("./testdata/jsonfilter") })
	builtProgram    = sync.OnceValues(func() (string, error) { return goBuild("homeward/cmd/homeward") })
)

// goBuild returns the bytes of a program.
func goBuild(pkg string) (string, error) {
	dir, err := os.MkdirTemp("", "built")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "build", "-o", dir+"/program", pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	program, err := os.ReadFile(dir + "/program")
	return string(program), err
}

// run runs a command there and returns what it said and its exit code.
func (r router) run(args ...string) (stdout, stderr string, code int) {
	r.Helper()
	return r.runWith("", nil, args...)
}

// runWith is run with a text on stdin, and with more variables.
func (r router) runWith(stdin string, env []string, args ...string) (stdout, stderr string, code int) {
	r.Helper()
	var out, errs strings.Builder
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "LD_LIBRARY_PATH=/lib"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: r.root}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		r.mustNot(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// calls returns what was called since the last time.
func (r router) calls() string {
	r.Helper()
	calls := r.read("/calls")
	r.write("/calls", "")
	return calls
}

// equal compares texts, and shows them with their line breaks.
func (r router) equal(what, got, want string) {
	r.Helper()
	if got != want {
		r.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}
