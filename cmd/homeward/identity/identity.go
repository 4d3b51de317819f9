// Package identity gives a command that root starts the identity of the daemon's
// user, so that what lies in state_dir and run_dir stays that user's.
package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/daemon"
)

// serviceUser is the user that the package creates; the init script runs the daemon
// as this user.
const serviceUser = "homeward"

// user is a user of the system, with the groups that a process of that user has.
type user struct {
	name     string // "": not in /etc/passwd
	uid, gid int
	groups   []int // beside gid
}

// The files that name the system's users and groups.
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// named returns a user by name; ok is false where there is none.
func named(name string) (id user, ok bool) {
	return find(func(fields []string) bool { return fields[0] == name })
}

// numbered returns the user with the number. One without a name has only the group
// gid.
func numbered(uid, gid int) user {
	if id, ok := find(func(fields []string) bool { return fields[2] == strconv.Itoa(uid) }); ok {
		return id
	}
	return user{uid: uid, gid: gid}
}

func find(is func(fields []string) bool) (user, bool) {
	text, _ := os.ReadFile(passwdFile)
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 4 || !is(fields) {
			continue
		}
		uid, err := strconv.Atoi(fields[2])
		gid, err2 := strconv.Atoi(fields[3])
		if err != nil || err2 != nil || uid < 0 || gid < 0 {
			continue
		}
		return user{name: fields[0], uid: uid, gid: gid, groups: groupsOf(fields[0])}, true
	}
	return user{}, false
}

// groupsOf returns the groups that list the user as a member.
func groupsOf(name string) []int {
	var groups []int
	text, _ := os.ReadFile(groupFile)
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 4 || !slices.Contains(strings.Split(fields[3], ","), name) {
			continue
		}
		if gid, err := strconv.Atoi(fields[2]); err == nil && gid >= 0 {
			groups = append(groups, gid)
		}
	}
	return groups
}

// become changes all threads of this process to the user, for good.
func (id user) become() error {
	if err := syscall.Setgroups(id.groups); err != nil {
		return err
	}
	if err := syscall.Setgid(id.gid); err != nil {
		return err
	}
	return syscall.Setuid(id.uid)
}

// TakeBeside is Take for a command beside the daemon. It fails, too, where there
// is a state that this process may not read: without it no request may be sent.
func TakeBeside(stateDir, runDir string, readOnly bool) error {
	if err := Take(stateDir, runDir, readOnly); err != nil {
		return err
	}
	return readableState(stateDir)
}

// Take makes sure that what this process leaves in state_dir and run_dir is the
// daemon's. Run as root, it makes folders that are missing for the user homeward,
// gives the owner of state_dir what root has left there before, and takes the
// owner's identity for good. With readOnly set it makes and gives nothing. Call it
// after the configuration was read and before anything in the folders is opened.
func Take(stateDir, runDir string, readOnly bool) error {
	if os.Geteuid() != 0 {
		if !readOnly {
			os.MkdirAll(stateDir, 0o750) // the Store reports a failure
		}
		return nil
	}
	owner := ownerOf(stateDir)
	if !readOnly {
		owner.prepare(stateDir, 0o750)
		owner.prepare(runDir, 0o755)
	}
	if owner.uid == 0 {
		return nil
	}
	if err := owner.become(); err != nil {
		return fmt.Errorf("the identity of %s's owner cannot be taken: %w", stateDir, err)
	}
	return nil
}

// ownerOf returns the owner of state_dir, which is the daemon's user. Without such
// a folder it is the user homeward.
func ownerOf(dir string) user {
	info, err := os.Stat(dir)
	if err == nil {
		st := info.Sys().(*syscall.Stat_t)
		if st.Uid != 0 {
			return numbered(int(st.Uid), int(st.Gid))
		}
		return user{}
	}
	id, _ := named(serviceUser)
	return id
}

// prepare makes a missing folder, and gives the owner what root has left in it. Its
// failures show when the folder is used.
func (id user) prepare(dir string, mode fs.FileMode) {
	if dir == "" {
		return
	}
	if os.MkdirAll(filepath.Dir(dir), 0o755) == nil && os.Mkdir(dir, mode) == nil {
		os.Chmod(dir, mode) // whatever the umask
		os.Lchown(dir, id.uid, id.gid)
	}
	if id.uid != 0 {
		id.takeOver(dir)
	}
}

// ownFiles are the names of the files that homeward keeps in its two folders.
var ownFiles = [...]string{"state.json", "state.json.new", "state.json.bad", "state.lock", "state_dir",
	daemon.LockFile, daemon.StatusFile, daemon.StatusFile + ".new", "metrics.prom", "metrics.prom.new"}

// takeOver gives homeward's files in the folder that are root's to the user, and the
// folder too, if it is root's and has no other files.
func (id user) takeOver(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	foreign := false
	for _, e := range entries {
		if slices.Contains(ownFiles[:], e.Name()) {
			id.takeFile(filepath.Join(dir, e.Name()))
		} else {
			foreign = true
		}
	}
	if info, err := os.Lstat(dir); err == nil && info.IsDir() && !foreign && rootOwns(info) {
		os.Lchown(dir, id.uid, id.gid)
	}
}

// takeFile gives a file of root's to the user. Links stay: the user may have made
// one to a file of others.
func (id user) takeFile(path string) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && rootOwns(info) && info.Sys().(*syscall.Stat_t).Nlink == 1 {
		f.Chown(id.uid, id.gid)
	}
}

func rootOwns(info fs.FileInfo) bool { return info.Sys().(*syscall.Stat_t).Uid == 0 }

// readableState fails if there is a state that this process may not read.
func readableState(dir string) error {
	f, err := os.Open(filepath.Join(dir, "state.json"))
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: without it the service's limits cannot be kept: run this as root, or as the user that homeward runs as", err)
	}
	if err == nil {
		f.Close()
	}
	return nil
}
