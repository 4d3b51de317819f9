package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"homeward/update/clock"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Store keeps the Book on disk, for this process and others beside it (`once`
// beside the daemon). It is for one goroutine. No trouble with the disk ends
// an update: it is said once, and the Book is kept in the spare folder, else in
// memory, until the disk takes it again. Another process that is writing is
// waited for, half a minute at the most.
type Store struct {
	dirs       [2]string // state_dir, run_dir: the spare, in RAM
	log        func(string)
	data       *Data
	content    []byte                               // the Book as last read or written, without what every write changes
	stamps     [2]Stamp                             // of state.json in each folder when it was last read or written
	trouble    [2]string                            // what was said of each folder
	unreadable [2]bool                              // state.json of each folder is there and cannot be read: it is not replaced
	hung       bool                                 // another process holds the lock and hangs: we write without it
	leaving    atomic.Bool                          // no lock is waited for
	replace    func(path string, data []byte) error // replace, but for a test that dies in it
}

const (
	FileName  = "state.json"
	lockFile  = "state.lock"
	stateMost = 4 << 20 // bytes; 100 accounts of 20 hosts and 512 requests a day need a tenth of it
)

// Path tells where a folder's state is.
func Path(dir string) string { return filepath.Join(dir, FileName) }

// Open opens the state below dir, or below spare where dir takes no
// writes. say is called with a sentence for the owner whenever something about
// the disk changes.
func Open(dir, spare string, say func(string)) *Store {
	return &Store{dirs: [2]string{dir, spare}, log: say, replace: replace}
}

// WrapWrite has what wrap makes of the Store's own way to write a file take its
// place: for a test that dies in it.
func (s *Store) WrapWrite(wrap func(write func(path string, data []byte) error) func(path string, data []byte) error) {
	s.replace = wrap(s.replace)
}

// Read returns the Book as it is now on disk. It writes nothing but the name of
// a file that cannot be used. The Book is the Store's: for reading, and only
// until the next call.
func (s *Store) Read(now clock.Now) *Data {
	for i := range s.dirs {
		if b := s.load(i); b != nil {
			s.reconcile(now, i, b)
		}
	}
	return s.Cached(now)
}

// reconcile puts a Book that was just read in the place of ours if it is a later one,
// or one in state_dir that began anew, after somebody has removed ours. Where
// it comes of a process that did not know ours, both count.
func (s *Store) reconcile(now clock.Now, i int, b *Data) {
	content, ours := b.encode(), s.data
	b.Rebase(now)
	switch {
	case ours == nil || b.Salt != ours.Salt && i == 0:
		s.data = b
	case b.Salt != ours.Salt || b.Seq <= ours.Seq && i != 0:
		return
	case b.Seq > ours.Seq:
		if s.data = b; s.hung {
			b.merge(ours)
		}
	default:
		ours.merge(b)
	}
	s.content = content
}

// Cached returns the Book as it was last read or written.
func (s *Store) Cached(now clock.Now) *Data {
	if s.data == nil {
		s.data = New(now)
	}
	return s.data
}

// Update lets f change the Book, alone among all processes, and returns when the
// result is on disk, as far as the disk lets it.
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
	if bytes.Equal(content, s.content) && s.trouble[0] == "" {
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

// Snapshot is what a Store knows that is not on disk, for the one that goes
// on after it in another process of the same boot. It is plain data, JSON, and
// holds no secret.
type Snapshot struct {
	State   json.RawMessage `json:"state,omitempty"` // as it was last known
	OnDisk  bool            `json:"on_disk"`         // state.json was there
	Trouble [2]string       `json:"trouble"`         // of the disk, as it was said
	Hung    bool            `json:"hung,omitempty"`  // likewise, that another process does not let go of the lock
}

// Data returns the Book of the snapshot; the error tells that there was none.
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
	return Snapshot{State: text, OnDisk: s.stamps != [2]Stamp{}, Trouble: s.trouble, Hung: s.hung}
}

// Stamps tell the state in state_dir and run_dir, as last read or written, from
// any other.
func (s *Store) Stamps() [2]Stamp { return s.stamps }

// Restore takes over what the Store of another process knew, before any other
// method is called. It holds where the file was removed, torn or replaced by
// an older one since, and beside one that began anew.
func (s *Store) Restore(now clock.Now, snap Snapshot) {
	s.trouble, s.hung = snap.Trouble, snap.Hung
	b, err := snap.Data(now)
	if err != nil {
		return // there was none
	}
	s.data = b
	if snap.OnDisk && Stamps(s.dirs[0], s.dirs[1]) == [2]Stamp{} {
		s.log(fmt.Sprintf("%s is gone: it is written anew", filepath.Join(s.dirs[0], FileName)))
		s.Update(now, func(*Data) {})
	}
}

// encode returns what of the Book is worth a write.
func (b *Data) encode() []byte {
	c := *b
	c.Seq, c.Up = 0, 0
	out, _ := json.Marshal(c) // plain data
	return out
}

// load reads one folder's file if it is another than the last time. One that
// is no Book is set aside. One that cannot be read is tried every time: a new
// owner or mode leaves no other trace.
func (s *Store) load(i int) *Data {
	s.unreadable[i] = false
	if s.dirs[i] == "" {
		return nil
	}
	path := Path(s.dirs[i])
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) { // to write says what is wrong
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

// readData reads a Book of this or any other version. A member that this
// version does not know is passed over.
func readData(path string) (*Data, error) {
	b, _, err := readState(path)
	return b, err
}

// readState reads a Book, and gives its file's content, too.
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

// report says what changed about a folder.
func (s *Store) report(i int, done string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == s.trouble[i] {
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

// replace writes a file whole or not at all: the old one stays until the new
// one is on disk. Only its owner can read it.
func replace(path string, data []byte) error { return replaceBy(path+".new", path, data) }

// replaceBeside is replace beside another process that may be in the middle of
// one.
func replaceBeside(path string, data []byte) error {
	return replaceBy(fmt.Sprint(path, ".new.", os.Getpid()), path, data)
}

// replaceBy is replace with the temporary file's name.
func replaceBy(tmp, path string, data []byte) error {
	if err := writeSynced(tmp, data, 0o600); err != nil {
		os.Remove(tmp) // on a full disk, room for the next attempt
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

// writeSynced writes a file and returns when the disk has it.
func writeSynced(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(mode); err != nil { // of a file that a crash left, too
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
