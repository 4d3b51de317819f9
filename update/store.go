package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Store keeps the Book on disk, for this process and others beside it (`once`
// beside the daemon). It is for one goroutine. No trouble with the disk ends
// or delays an update: it is said once, and the Book is kept in the spare
// folder, else in memory, until the disk takes it again.
type Store struct {
	dirs    [2]string // state_dir, run_dir: the spare, in RAM
	say     func(string)
	book    *Book
	rested  *Book                                // what Remember was given
	content []byte                               // the Book as last read or written, without what every write changes
	seen    [2]os.FileInfo                       // state.json of each folder when it was last read or written
	trouble [2]string                            // what was said of each folder
	replace func(path string, data []byte) error // replace, but for a test that dies in it
}

const (
	stateFile = "state.json"
	stateMost = 4 << 20     // bytes; 100 accounts of 20 hosts and 512 requests a day need a tenth of it
	lockWait  = time.Second // another process holds the lock for one write of a small file
)

// OpenStore opens the state below dir, or below spare where dir takes no
// writes. say is called with a sentence for the owner whenever something about
// the disk changes.
func OpenStore(dir, spare string, say func(string)) *Store {
	return &Store{dirs: [2]string{dir, spare}, say: say, replace: replace}
}

// Read returns the Book as it is now on disk. It writes nothing but the name of
// a file that cannot be used. The Book is the Store's: for reading, and only
// until the next call.
func (s *Store) Read(now Now) *Book {
	for i := range s.dirs {
		if b := s.load(i); b != nil && s.newer(i, b) {
			s.content = b.encode()
			b.Arrive(now)
			s.book = b
		}
	}
	return s.Known(now)
}

// newer tells whether a Book that was just read takes the place of ours: a later
// one does, and so does one in state_dir that began anew, after somebody has
// removed ours.
func (s *Store) newer(i int, b *Book) bool {
	return s.book == nil || b.Salt == s.book.Salt && b.Seq > s.book.Seq || b.Salt != s.book.Salt && i == 0
}

// Known returns the Book as it was last read or written.
func (s *Store) Known(now Now) *Book {
	if s.book == nil {
		s.book = newBook(now)
	}
	return s.book
}

// Do lets f change the Book, alone among all processes, and returns when the
// result is on disk, as far as the disk lets it.
func (s *Store) Do(now Now, f func(*Book)) {
	defer s.lock()()
	b := s.Read(now)
	f(b)
	b.settle(now)
	content := b.encode()
	if bytes.Equal(content, s.content) && s.trouble[0] == "" {
		return
	}
	b.Seq++
	full, _ := json.Marshal(b) // plain data
	for i, dir := range s.dirs {
		if dir == "" {
			continue
		}
		err := s.replace(filepath.Join(dir, stateFile), full)
		if errors.Is(err, fs.ErrNotExist) && os.MkdirAll(dir, 0o750) == nil {
			err = s.replace(filepath.Join(dir, stateFile), full)
		}
		s.report(i, "written", err)
		if err != nil {
			continue
		}
		s.seen[i], _ = os.Stat(filepath.Join(dir, stateFile))
		s.content = content
		if i == 0 {
			os.Remove(filepath.Join(s.dirs[1], stateFile))
		}
		return
	}
	s.content = content
}

// kept tells whether the Book is in state_dir, where the next look finds it.
func (s *Store) kept() bool {
	return s.book != nil && s.seen[0] != nil && s.trouble == [2]string{}
}

// Remember takes over the Book of the daemon that was at rest, as its file had
// it: it holds where somebody has removed the file since, torn it, or put an
// older one there; and beside one that began anew. It is called before any
// other method.
func (s *Store) Remember(now Now, text []byte) {
	if b, err := parseBook(text); err == nil {
		b.Arrive(now)
		s.book, s.rested = b, b
	}
}

// encode returns what of the Book is worth a write.
func (b *Book) encode() []byte {
	c := *b
	c.Seq, c.Up = 0, 0
	out, _ := json.Marshal(c) // plain data
	return out
}

// load reads one folder's file if it is another than the last time. One that
// is no Book is set aside.
func (s *Store) load(i int) *Book {
	if s.dirs[i] == "" {
		return nil
	}
	path := filepath.Join(s.dirs[i], stateFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) { // to write says what is wrong
		return nil
	}
	if err == nil && s.seen[i] != nil && sameFile(info, s.seen[i]) {
		return nil
	}
	b, err := readBook(path)
	if errors.Is(err, errNoBook) {
		aside := path + ".bad"
		if os.Rename(path, aside) == nil {
			s.say(fmt.Sprintf("%s is set aside as %s, and the state begins anew: %v", path, aside, err))
			return nil
		}
	}
	s.seen[i] = info
	s.report(i, "read", err)
	return b
}

// sameFile tells whether a file was neither replaced nor changed.
func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

var errNoBook = errors.New("it is not homeward's state, or was torn")

// readBook reads a Book of this or any other version. A member that this
// version does not know is passed over.
func readBook(path string) (*Book, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, stateMost+1))
	if err != nil {
		return nil, err
	}
	return parseBook(data)
}

func parseBook(data []byte) (*Book, error) {
	var b Book
	if len(data) > stateMost {
		return nil, fmt.Errorf("%w: more than %d bytes", errNoBook, stateMost)
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("%w: %v", errNoBook, err)
	}
	if b.Version < 1 || b.Salt == "" || b.Boot == "" {
		return nil, errNoBook
	}
	if b.Quotas == nil {
		b.Quotas = map[string]Quota{}
	}
	if b.Credentials == nil {
		b.Credentials = map[string]Credential{}
	}
	if b.Accounts == nil {
		b.Accounts = map[string]Memory{}
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
		s.say(fmt.Sprintf("the state in %s is %s again", s.dirs[i], done))
	case i == 0:
		s.say(fmt.Sprintf("the state cannot be %s: %v; updates go on, and what was sent is remembered in %s, until a reboot", done, err, s.dirs[1]))
	default:
		s.say(fmt.Sprintf("the state cannot be %s: %v; updates go on, and what was sent is remembered until the program ends", done, err))
	}
}

// lock keeps other processes out until the function it returns is called. A
// process that holds the lock for too long is not waited for.
func (s *Store) lock() (unlock func()) {
	for _, dir := range s.dirs {
		if dir == "" {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, "state.lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			continue
		}
		for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
			if err == nil || time.Since(start) > lockWait {
				return func() { f.Close() }
			}
		}
	}
	return func() {}
}

// replace writes a file whole or not at all: the old one stays until the new
// one is on disk. Only its owner can read it.
func replace(path string, data []byte) error {
	tmp := path + ".new"
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

// alive tells whether there is such a process, whoever's it is.
func alive(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }
