package identity

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/settings"
	"homeward/update/secret"
)

// LoadAs is settings.Load as the named user: a file that this user cannot read is
// a fault, too. Afterwards this process runs as that user.
func LoadAs(name, path string) (*settings.Config, []string, error) {
	var cfg *settings.Config
	var warnings []string
	err := ReadAs(name, func(read settings.FileReader) (err error) {
		cfg, warnings, err = settings.LoadWith(path, read)
		return err
	})
	return cfg, warnings, err
}

// ReadAs calls f twice, each time with a reader of files: first as this process,
// then as the named user, with an error for each file that this user cannot read.
// Only an attempt shows what owner, groups, modes and folders together allow.
// Afterwards this process runs as that user.
func ReadAs(name string, f func(read settings.FileReader) error) error {
	id, ok := named(name)
	if !ok {
		return fmt.Errorf("--user %s: there is no such user here", secret.Shown(name))
	}
	known := map[string]func() ([]byte, fs.FileMode, error){}
	f(func(path string, limit int) ([]byte, fs.FileMode, error) {
		b, mode, err := settings.ReadFile(path, limit)
		known[path] = func() ([]byte, fs.FileMode, error) { return b, mode, err }
		return b, mode, err
	})
	if os.Geteuid() != id.uid {
		if err := id.become(); err != nil {
			return fmt.Errorf("--user %s: %w: run this as root", name, err)
		}
	}
	return f(func(path string, limit int) ([]byte, fs.FileMode, error) {
		before, ok := known[path]
		if !ok {
			return settings.ReadFile(path, limit)
		}
		b, mode, err := before()
		if err == nil {
			err = id.tryRead(path)
		}
		return b, mode, err
	})
}

// tryRead opens a file as the user of this process.
func (id user) tryRead(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == nil {
		return unix.Close(fd)
	}
	if err != syscall.EACCES && err != syscall.EPERM {
		return err
	}
	return settings.UnreadableError{User: id.name, Dir: closedFolder(path)}
}

// closedFolder returns the topmost folder above a file that this process cannot
// enter, "" if none.
func closedFolder(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	closed := ""
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		if unix.Access(dir, unix.X_OK) != nil {
			closed = dir
		}
		if dir == "/" {
			return closed
		}
	}
}
