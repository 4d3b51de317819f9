package router

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// root is the router's file system, in a folder: what OpenWrt has, as
// openwrt/testdata/root stands in for it, busybox, and the packages of homeward
// as `make package` writes them.
type root struct {
	dir string
	uid int // of the user homeward
}

func (r root) path(name string) string { return filepath.Join(r.dir, name) }

func (r root) write(name, text string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		return err
	}
	os.Remove(r.path(name)) // may be a link to busybox
	err := os.WriteFile(r.path(name), []byte(text), mode)
	return errors.Join(err, os.Chmod(r.path(name), mode))
}

//go:embed files/rc.common
var rcCommon string

// newRoot makes the file system from the project's tree and the program.
func newRoot(tree, program string) (r root, err error) {
	if r.dir, err = os.MkdirTemp("", "homeward-luci-"); err != nil {
		return r, err
	}
	if os.Getuid() == 0 && mapped() {
		r.uid = 864
	}
	for _, step := range []func() error{
		func() error { return os.Chmod(r.dir, 0o755) },
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Mount("router", r.dir, "tmpfs", 0, "mode=0755") },
		r.busybox,
		func() error { return os.CopyFS(r.dir, os.DirFS(filepath.Join(tree, "openwrt/testdata/root"))) },
		func() error { return r.jsonfilter(tree) },
		func() error { return r.packages(tree, program) },
		func() error {
			return os.CopyFS(r.path("procd"), os.DirFS(filepath.Join(tree, ".ci/browser/router/files")))
		},
		r.openwrt,
		r.mounts,
	} {
		if err := step(); err != nil {
			return r, fmt.Errorf("the router's files: %w", err)
		}
	}
	return r, nil
}

// mapped tells whether other users than root exist in this user namespace.
func mapped() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !strings.HasSuffix(strings.TrimSpace(string(text)), " 1")
}

// busybox puts the shell there, the libraries it needs, and all its applets.
func (r root) busybox() error {
	program, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	files := []string{program}
	libs, _ := exec.Command("ldd", program).Output() // fails of one that is static
	for _, word := range strings.Fields(string(libs)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, word)
		}
	}
	for i, from := range files {
		body, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		to := from
		if i == 0 {
			to = "/bin/busybox"
		}
		if err := r.write(to, string(body), 0o755); err != nil {
			return err
		}
	}
	applets, err := exec.Command(program, "--list").Output()
	for _, name := range strings.Fields(string(applets)) {
		if name != "busybox" {
			err = errors.Join(err, os.Symlink("busybox", r.path("/bin/"+name)))
		}
	}
	return err
}

func (r root) jsonfilter(tree string) error {
	cmd := exec.Command("go", "build", "-o", r.path("/bin/jsonfilter"), "./openwrt/testdata/jsonfilter")
	cmd.Dir, cmd.Env = tree, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("jsonfilter: %w\n%s", err, out)
	}
	return nil
}

// packages installs the packages, those of the page included.
func (r root) packages(tree, program string) error {
	dist, err := os.MkdirTemp("", "homeward-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dist)
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	cmd := exec.Command("go", "run", "./openwrt/mkpkg", "-dist", dist, "-arch", "x86_64", "-program", program)
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mkpkg: %w\n%s", err, out)
	}
	list, err := filepath.Glob(dist + "/x86_64/*.ipk")
	if err == nil && len(list) != 3 {
		err = fmt.Errorf("mkpkg wrote %v", list)
	}
	for _, file := range list {
		if err == nil {
			err = r.unpack(file)
		}
	}
	return err
}

// unpack puts the files of an .ipk there.
func (r root) unpack(file string) error {
	outer, err := tarFiles(file)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(outer["./data.tar.gz"].body))
	if err != nil {
		return err
	}
	files, err := tarOf(z)
	for name, f := range files {
		err = errors.Join(err, r.write(name, string(f.body), f.mode))
	}
	return err
}

type tarFile struct {
	mode fs.FileMode
	body []byte
}

func tarFiles(file string) (map[string]tarFile, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return tarOf(z)
}

func tarOf(src io.Reader) (map[string]tarFile, error) {
	files := map[string]tarFile{}
	for t := tar.NewReader(src); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg {
			body, err := io.ReadAll(t)
			if err != nil {
				return nil, err
			}
			files[h.Name] = tarFile{fs.FileMode(h.Mode).Perm(), body}
		}
	}
}

// openwrt writes what a router's own files say.
func (r root) openwrt() error {
	var err error
	for _, f := range []struct {
		name, text string
		mode       fs.FileMode
	}{
		{"/etc/rc.common", rcCommon, 0o755},
		{"/etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/bin/sh\nhomeward:x:%d:%d:homeward:/:/bin/false\n", r.uid, r.uid), 0o644},
		{"/etc/group", fmt.Sprintf("root:x:0:\nhomeward:x:%d:\n", r.uid), 0o644},
		{"/up", "wan pppoe-wan\nwan6 pppoe-wan\nlan br-lan\n", 0o644},
		{"/calls", "", 0o666},
		{"/log", "", 0o644},
		{"/dev/null", "", 0o666},
		{"/etc/config/network", network, 0o600},
		{"/etc/config/wireless", "package wireless\n", 0o600},
		{"/etc/config/luci", "package luci\n\nconfig core 'main'\n\toption lang 'auto'\n", 0o600},
		{"/etc/config/system", "package system\n", 0o600},
	} {
		err = errors.Join(err, r.write(f.name, f.text, f.mode))
	}
	os.Remove(r.path("/usr/bin/logger")) // busybox has the real one
	for _, dir := range []string{"/proc", "/etc/rc.d", "/tmp", "/var/run"} {
		err = errors.Join(err, os.MkdirAll(r.path(dir), 0o755))
	}
	return err
}

const network = `package network

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '192.168.1.1'

config interface 'wan'
	option device 'pppoe-wan'
	option proto 'pppoe'

config interface 'wan6'
	option device 'pppoe-wan'
	option proto 'dhcpv6'
`

func (r root) mounts() error {
	return errors.Join(unix.Mount("/proc", r.path("/proc"), "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Mount("/dev/null", r.path("/dev/null"), "", unix.MS_BIND, ""))
}

func (r root) close() {
	unix.Unmount(r.dir, unix.MNT_DETACH)
	os.Remove(r.dir)
}

// command is a command there, as procd and rpcd run it: as root, with nearly no
// environment.
func (r root) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: r.dir, Pdeathsig: syscall.SIGKILL}
	return cmd
}
