package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"homeward/update/clock"
)

// Store keeps Data on disk and shares it between processes (the daemon and
// `once`). One goroutine owns it. A fault of the disk does not stop updates: it
// is logged once, and the data is kept in the spare folder, or else in memory,
// until the disk can be written again. Store waits for another process that is
// writing, at most 30 s.
type Store struct {
	dirs       [2]string // state_dir; run_dir, the spare, in RAM
	log        func(string)
	data       *Data
	content    []byte                               // data as last read or written, without what every write changes
	stamps     [2]Stamp                             // of state.json in each folder when it was last read or written
	trouble    [2]string                            // the fault last logged for each folder
	unreadable [2]bool                              // state.json in each folder exists and cannot be read: do not replace it
	hung       bool                                 // another process holds the lock and hangs: write without it
	leaving    atomic.Bool                          // do not wait for a lock
	foreign    bool                                 // another process has written since TakeForeign
	replace    func(path string, data []byte) error // replace; see WrapWrite
}

const (
	FileName  = "state.json"
	lockFile  = "state.lock"
	stateMost = 4 << 20 // bytes; 100 accounts of 20 hosts and 512 requests a day need a tenth of it
)

// Path returns the path of the state in a folder.
func Path(dir string) string { return filepath.Join(dir, FileName) }

// Open returns a Store in dir, and in spare while dir cannot be written. It
// reads nothing. say is called with a sentence for the owner when a fault of the
// disk begins or ends.
func Open(dir, spare string, say func(string)) *Store {
	return &Store{dirs: [2]string{dir, spare}, log: say, replace: replace}
}

// WrapWrite wraps the function that writes a file, for a test that dies in it.
func (s *Store) WrapWrite(wrap func(write func(path string, data []byte) error) func(path string, data []byte) error) {
	s.replace = wrap(s.replace)
}

// Read returns the data now on disk. It writes nothing, but renames a file that
// is not valid. The caller must not change the data, and may use it until the
// next call.
func (s *Store) Read(now clock.Now) *Data {
	for i := range s.dirs {
		if b := s.load(i); b != nil {
			s.reconcile(now, i, b)
		}
	}
	return s.Cached(now)
}

// reconcile replaces s.data by b, just read from folder i, if b is later, or is
// a new state in state_dir because somebody removed the old one. If another
// process wrote b without having read ours, it merges both.
func (s *Store) reconcile(now clock.Now, i int, b *Data) {
	content, ours := b.encode(), s.data
	b.Rebase(now)
	switch {
	case ours == nil || b.Salt != ours.Salt && i == 0:
		s.data, s.foreign = b, ours != nil
	case b.Salt != ours.Salt || b.Seq <= ours.Seq && i != 0:
		return
	case b.Seq > ours.Seq:
		if s.data, s.foreign = b, true; s.hung {
			b.merge(ours)
		}
	default:
		ours.merge(b)
	}
	s.content = content
}

// TakeForeign reports whether data that another process has written was read since the
// last call.
func (s *Store) TakeForeign() bool {
	foreign := s.foreign
	s.foreign = false
	return foreign
}

// Cached returns the data as last read or written.
func (s *Store) Cached(now clock.Now) *Data {
	if s.data == nil {
		s.data = New(now)
	}
	return s.data
}

// Update calls f to change the data, under the lock between processes, and
// returns when the result is on disk, or in memory if the disk has a fault.
func (s *Store) Update(now clock.Now, f func(*Data)) {
	unlock, alone := s.lock()
	defer unlock()
	b := s.Read(now)
	s.hung = !alone
	write := s.replace
	if !alone {
		write = replaceBeside
	}
	f(b)
	b.compact(now)
	content := b.encode()
	inSpare := s.stamps[1] != Stamp{} // state_dir may have room again
	if bytes.Equal(content, s.content) && s.trouble[0] == "" && !inSpare {
		return
	}
	b.Seq++
	full, _ := json.Marshal(b) // plain data
	for i, dir := range s.dirs {
		if dir == "" || s.unreadable[i] {
			continue
		}
		err := write(Path(dir), full)
		if errors.Is(err, fs.ErrNotExist) && os.MkdirAll(dir, 0o750) == nil {
			err = write(Path(dir), full)
		}
		s.report(i, "written", err)
		if err != nil {
			continue
		}
		s.stamps[i] = ReadStamp(Path(dir))
		s.content = content
		if i == 0 && !s.unreadable[1] {
			os.Remove(Path(s.dirs[1]))
			s.stamps[1] = Stamp{}
		}
		return
	}
	s.content = content
}

// Snapshot is what a Store knows beyond the disk, for the Store of the next
// process in the same boot. It holds no secret.
type Snapshot struct {
	State   json.RawMessage `json:"state,omitempty"`   // Data as last read or written
	OnDisk  bool            `json:"on_disk"`           // state.json existed
	Trouble [2]string       `json:"trouble"`           // the fault last logged for each folder
	Hung    bool            `json:"hung,omitempty"`    // it was logged that another process holds the lock
	Foreign bool            `json:"foreign,omitempty"` // TakeForeign has something to report
}

// Data returns the data of the snapshot, or an error if it has none.
func (snap Snapshot) Data(now clock.Now) (*Data, error) {
	b, err := Parse(snap.State)
	if err == nil {
		b.Rebase(now)
	}
	return b, err
}

// Snapshot returns what the Store knows now.
func (s *Store) Snapshot(now clock.Now) Snapshot {
	text, _ := json.Marshal(s.Cached(now)) // plain data
	return Snapshot{State: text, OnDisk: s.stamps != [2]Stamp{}, Trouble: s.trouble, Hung: s.hung, Foreign: s.foreign}
}

// Stamps returns the stamps of the state in state_dir and run_dir, as last read
// or written.
func (s *Store) Stamps() [2]Stamp { return s.stamps }

// Restore takes over a snapshot. Call it before any other method. The snapshot
// counts even if the file was removed, torn or replaced by an older one since.
func (s *Store) Restore(now clock.Now, snap Snapshot) {
	s.trouble, s.hung, s.foreign = snap.Trouble, snap.Hung, snap.Foreign
	b, err := snap.Data(now)
	if err != nil {
		return // an empty snapshot
	}
	s.data = b
	if snap.OnDisk && Stamps(s.dirs[0], s.dirs[1]) == [2]Stamp{} {
		s.log(fmt.Sprintf("%s is gone: it is written anew", filepath.Join(s.dirs[0], FileName)))
		s.Update(now, func(*Data) {})
	}
}

// encode returns b without what every write changes: a difference is worth a
// write.
func (b *Data) encode() []byte {
	c := *b
	c.Seq, c.Up = 0, 0
	out, _ := json.Marshal(c) // plain data
	return out
}

// load reads the file of folder i if its stamp has changed, else returns nil. It
// renames a file that is not valid. A file that cannot be read is tried each
// time: a change of owner or mode does not change its stamp.
func (s *Store) load(i int) *Data {
	s.unreadable[i] = false
	if s.dirs[i] == "" {
		return nil
	}
	path := Path(s.dirs[i])
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) { // a write reports the fault
		return nil
	}
	if err == nil && s.stamps[i] == stampOf(info) {
		return nil
	}
	b, err := readData(path)
	if errors.Is(err, errNotState) {
		aside := path + ".bad"
		if os.Rename(path, aside) == nil {
			s.log(fmt.Sprintf("%s is set aside as %s, and the state begins anew: %v", path, aside, err))
			return nil
		}
	}
	s.stamps[i] = stampOf(info)
	if err != nil {
		s.unreadable[i], s.stamps[i] = true, Stamp{}
	}
	s.report(i, "read", err)
	return b
}

var errNotState = errors.New("it is not homeward's state, or was torn")

// readData reads data of any version. It ignores unknown members.
func readData(path string) (*Data, error) {
	b, _, err := readState(path)
	return b, err
}

// readState also returns the content of the file.
func readState(path string) (*Data, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, stateMost+1))
	if err != nil {
		return nil, nil, err
	}
	b, err := Parse(data)
	return b, data, err
}

// Parse reads the content of state.json. The error means that it is torn, or not
// homeward's.
func Parse(data []byte) (*Data, error) {
	var b Data
	if len(data) > stateMost {
		return nil, fmt.Errorf("%w: more than %d bytes", errNotState, stateMost)
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("%w: %v", errNotState, err)
	}
	if b.Version < 1 || b.Salt == "" || b.Boot == "" {
		return nil, errNotState
	}
	if b.Quotas == nil {
		b.Quotas = map[string]Quota{}
	}
	if b.Credentials == nil {
		b.Credentials = map[string]Credential{}
	}
	if b.Accounts == nil {
		b.Accounts = map[string]AccountRecord{}
	}
	for name, m := range b.Accounts {
		if m.Hosts == nil {
			m.Hosts = map[string]Host{}
			b.Accounts[name] = m
		}
	}
	return &b, nil
}

// report logs when the fault of folder i begins, changes or ends (err is nil). That it
// can be read does not end that it cannot be written.
func (s *Store) report(i int, done string, err error) {
	text := ""
	if err != nil {
		text = done + ": " + err.Error()
	}
	if text == s.trouble[i] || err == nil && done == "read" && !strings.HasPrefix(s.trouble[i], "read: ") {
		return
	}
	s.trouble[i] = text
	switch {
	case err == nil:
		s.log(fmt.Sprintf("the state in %s is %s again", s.dirs[i], done))
	case i == 0 && s.unreadable[0]:
		s.log(fmt.Sprintf("the state cannot be read, and is not replaced: %v: give it to the user that homeward runs as; updates go on, and what was sent is remembered in %s, until a reboot", err, s.dirs[1]))
	case i == 0:
		s.log(fmt.Sprintf("the state cannot be %s: %v; updates go on, and what was sent is remembered in %s, until a reboot", done, err, s.dirs[1]))
	default:
		s.log(fmt.Sprintf("the state cannot be %s: %v; updates go on, and what was sent is remembered until the program ends", done, err))
	}
}

// replace writes a file atomically, with mode 0600: the old one stays until the
// new one is on disk.
func replace(path string, data []byte) error { return replaceBy(path+".new", path, data) }

// replaceBeside is replace with a temporary file of its own, as another process
// may be writing.
func replaceBeside(path string, data []byte) error {
	return replaceBy(fmt.Sprint(path, ".new.", os.Getpid()), path, data)
}

// replaceBy is replace by way of the temporary file tmp.
func replaceBy(tmp, path string, data []byte) error {
	if err := writeSynced(tmp, data, 0o600); err != nil {
		os.Remove(tmp) // on a full disk, make room for the next attempt
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// writeSynced writes a file and syncs it.
func writeSynced(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(mode); err != nil { // a crash may have left the file
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
