package state

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// opened returns a Store and what it says.
func opened(dir, spare string) (*Store, *[]string) {
	var said []string
	return Open(dir, spare, func(s string) { said = append(said, s) }), &said
}

func note(name string) func(*Data) {
	return func(b *Data) { b.Accounts[name] = AccountRecord{Config: name, Hosts: map[string]Host{}} }
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	s, said := opened(dir, "")
	s.Update(upAt(time.Hour), note("home"))
	again, _ := opened(dir, "")
	if _, ok := again.Read(upAt(time.Hour)).Accounts["home"]; !ok || len(*said) != 0 {
		t.Errorf("read again: %v, said %q", ok, *said)
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the state is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestNothingNewIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(dir, "")
	writes := 0
	write := s.replace
	s.replace = func(p string, d []byte) error { writes++; return write(p, d) }
	s.Update(upAt(time.Hour), note("home"))
	for h := range 100 {
		s.Update(upAt(time.Duration(h+2)*time.Hour), note("home"))
	}
	if writes != 1 {
		t.Errorf("%d writes, want 1", writes)
	}
}

func TestTwoProcessesLoseNothing(t *testing.T) {
	dir := t.TempDir()
	daemon, _ := opened(dir, "")
	once, _ := opened(dir, "")
	daemon.Update(upAt(time.Hour), note("a"))
	once.Update(upAt(time.Hour), note("b"))
	daemon.Update(upAt(time.Hour), note("c"))
	if n := len(once.Read(upAt(time.Hour)).Accounts); n != 3 {
		t.Errorf("%d accounts, want 3", n)
	}
}

func TestUnusableStateIsSetAside(t *testing.T) {
	for name, content := range map[string]string{
		"torn": `{"version":1,"salt":"00","boo`, "empty": "", "foreign": `[1,2,3]`, "foreign object": `{"addresses":{}}`, "binary": "\x00\x01\x02",
		"a number in the wrong place": `{"version":1,"boot":"b","salt":"0","accounts":{"home":{"hosts":7}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			os.WriteFile(path, []byte(content), 0o600)
			s, said := opened(dir, "")
			s.Update(upAt(time.Hour), note("home"))
			s.Read(upAt(2 * time.Hour))
			if len(*said) != 1 || !strings.Contains((*said)[0], "set aside") {
				t.Errorf("said %q, want one sentence that it is set aside", *said)
			}
			if kept, err := os.ReadFile(path + ".bad"); err != nil || string(kept) != content {
				t.Errorf("set aside: %q, %v", kept, err)
			}
			again, _ := opened(dir, "")
			if _, ok := again.Read(upAt(time.Hour)).Accounts["home"]; !ok {
				t.Error("the new state was not kept")
			}
		})
	}
}

func TestStateOfANewerVersionIsRead(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, FileName), []byte(`{"version":7,"boot":"b1","up":5,"salt":"00","moon":"full",
		"accounts":{"home":{"config":"c","phase":3,"hosts":{"":{"ipv4":"203.0.113.7","tide":1}}}}}`), 0o600)
	s, said := opened(dir, "")
	if got := s.Read(upAt(time.Hour)).Accounts["home"].Hosts[""].IPv4; got != addr4 || len(*said) != 0 {
		t.Errorf("ipv4 = %v, said %q", got, *said)
	}
}

// What was kept in the spare folder goes back to the disk as soon as it can be written,
// though the program has ended since.
func TestWhatIsInTheSpareFolderGoesBackToTheDisk(t *testing.T) {
	dir, spare := t.TempDir(), t.TempDir()
	s, _ := opened(dir, spare)
	s.replace = func(p string, d []byte) error {
		if filepath.Dir(p) == dir {
			return errors.New("no space left on device")
		}
		return replace(p, d)
	}
	s.Update(upAt(time.Hour), note("a"))
	after, _ := opened(dir, spare)
	after.Update(upAt(time.Hour), func(*Data) {})
	os.Remove(Path(spare)) // a reboot
	if rebooted, _ := opened(dir, spare); len(rebooted.Read(upAt(time.Hour)).Accounts) != 1 {
		t.Error("what was counted is lost")
	}
}

// A state that could not be read ends with its removal, too.
func TestAnUnreadableStateThatIsRemovedIsWrittenAnew(t *testing.T) {
	dir, spare := t.TempDir(), t.TempDir()
	os.Mkdir(Path(dir), 0o700)
	s, said := opened(dir, spare)
	s.Update(upAt(time.Hour), note("a"))
	os.Remove(Path(dir))
	s.Update(upAt(time.Hour), note("b"))
	if len(*said) != 2 || !strings.Contains((*said)[1], "is written again") {
		t.Errorf("said %q", *said)
	}
	before := s.Read(upAt(time.Hour)).Seq
	if s.Update(upAt(time.Hour), note("b")); s.Read(upAt(time.Hour)).Seq != before {
		t.Error("written though nothing has changed")
	}
}

func TestFullDiskIsSaidOnceAndSurvived(t *testing.T) {
	dir, spare := t.TempDir(), t.TempDir()
	s, said := opened(dir, spare)
	s.Update(upAt(time.Hour), note("before"))
	full := true
	write := s.replace
	s.replace = func(p string, d []byte) error {
		if full && filepath.Dir(p) == dir {
			return errors.New("no space left on device")
		}
		return write(p, d)
	}
	for _, n := range []string{"a", "b", "c"} {
		s.Update(upAt(time.Hour), note(n))
	}
	if len(*said) != 1 || !strings.Contains((*said)[0], "no space left on device") || !strings.Contains((*said)[0], spare) {
		t.Errorf("said %q, want one sentence with the reason and %s", *said, spare)
	}
	next, more := opened(dir, spare) // the next worker
	next.replace = s.replace
	next.Restore(upAt(time.Hour), s.Snapshot(upAt(time.Hour)))
	next.Read(upAt(time.Hour))
	next.Update(upAt(time.Hour), note("c"))
	if len(*more) != 0 {
		t.Errorf("the next worker says %q", *more)
	}
	after, _ := opened(dir, spare) // a restart in the midst of it
	if n := len(after.Read(upAt(time.Hour)).Accounts); n != 4 {
		t.Errorf("a restart knows %d accounts, want 4", n)
	}
	full = false
	s.Update(upAt(time.Hour), note("c"))
	if len(*said) != 2 || !strings.Contains((*said)[1], "again") {
		t.Errorf("said %q, want that it is written again", *said)
	}
	alone, _ := opened(dir, "")
	if n := len(alone.Read(upAt(time.Hour)).Accounts); n != 4 {
		t.Errorf("the disk has %d accounts, want 4", n)
	}
	if _, err := os.Stat(filepath.Join(spare, FileName)); err == nil {
		t.Error("the spare state is still there")
	}
}

func TestNoFolderTakesTheState(t *testing.T) {
	s, said := opened("/proc/none", "/proc/neither")
	s.Update(upAt(time.Hour), note("home"))
	s.Update(upAt(time.Hour), note("office"))
	if n := len(s.Read(upAt(time.Hour)).Accounts); n != 2 || len(*said) != 2 {
		t.Errorf("%d accounts remembered, said %q", n, *said)
	}
}

func FuzzData(f *testing.F) {
	f.Add([]byte(`{"version":1,"boot":"b1","up":5,"salt":"00","keys":{"k":{"slots":[{"up":99999999999999999,"open":true}],"until":9223372036854775807}},"accounts":{"home":{"hosts":{"":{"ipv4":"203.0.113.7"}}}}}`))
	f.Add([]byte(`{"version":1,"boot":"b0","up":-5,"salt":"00","keys":{"k":{"slots":[{"up":-9223372036854775808,"at":"9999-01-01T00:00:00Z","sure":true}]}}}`))
	f.Add([]byte(`{"version":1,"boot":"b0","up":7,"salt":"00","quotas":{"k":{"slots":[{"up":9,"open":true,"id":3}],"until":9223372036854775807,"step":-1}},
		"credentials":{"k":{"good":true,"lock":{"until":9223372036854775807,"why":"x"}}},
		"accounts":{"home":{"hosts":{"":{"ipv4":"203.0.113.7","lost":{"ipv4":"203.0.113.7"},"lost_at":9223372036854775807,"lock":{"until":-9223372036854775808}}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data)
		if err != nil {
			return
		}
		now := upAt(time.Hour)
		b.Rebase(now)
		a := homeAccount()
		b.SyncConfig(a)
		id := b.UsageID(a)
		for _, k := range []Usage{b.Usage(id), {Quota: b.Quotas["k"], Credential: b.Credentials["k"]}, {Quota: b.LegacyKeys["k"].Quota}} {
			if used := k.Used(now); used > len(k.Reservations) || used < 0 {
				t.Errorf("used %d of %d", used, len(k.Reservations))
			}
			if wait := max(k.Until, k.Lock.End()) - now.Up; wait > service.LongestWait {
				t.Errorf("waits for %v", wait)
			}
			if wait := k.NextFree(now, Limits{3, 48}) - now.Up; wait < 0 || wait > clock.Day+DayMargin+transport.Limit {
				t.Errorf("room in %v", wait)
			}
		}
		b.compact(now)
		if _, err := Parse(b.encode()); err != nil && len(b.Boot) > 0 {
			t.Errorf("what was written is not read: %v", err)
		}
	})
}

// A router without a battery clock has its first update accepted in 1970.
func TestTheTimeOfAnAcceptedUpdateIsPutRightWithTheClock(t *testing.T) {
	b := New(clock.Now{})
	at := clock.Now{Wall: time.Unix(90, 0), Up: 90 * time.Second}.Timestamp()
	values := service.Values{IPv4: netip.MustParseAddr("203.0.113.7")}
	b.Accounts["home"] = AccountRecord{Hosts: map[string]Host{"": {Values: values, Timestamp: at}, "never": {}}}
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b.compact(clock.Now{Wall: noon, Up: 150 * time.Second, Synced: true})
	want := clock.Timestamp{Up: 90 * time.Second, At: noon.Add(-time.Minute), Sure: true}
	if got := b.Accounts["home"].Hosts; got[""].Timestamp != want || !reflect.DeepEqual(got["never"], Host{}) {
		t.Errorf("hosts are %+v, want %+v", got, want)
	}
}

func TestAKeyWithoutALimitIsNotRememberedForEver(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(dir, "")
	s.Update(upAt(time.Hour), func(b *Data) { b.Quotas["k"] = usedSlots(5*reservationsMost, time.Hour).Quota })
	again, _ := opened(dir, "")
	if n := len(again.Read(upAt(time.Hour)).Quotas["k"].Reservations); n != reservationsMost {
		t.Errorf("%d requests are remembered, want the last %d", n, reservationsMost)
	}
	if service.LimitMost >= reservationsMost {
		t.Errorf("a limit of %d never binds: %d requests are remembered", service.LimitMost, reservationsMost)
	}
}

// reserved notes one request of k.
func reserved(now clock.Now) func(*Data) {
	return func(b *Data) {
		q := b.Quotas["k"]
		q.Reservations = append(q.Reservations, Reservation{Timestamp: now.Timestamp()})
		b.Quotas["k"] = q
	}
}

// A flash may take many seconds for one write. It is waited for, as long as the
// process lives that writes.
func TestASlowWriterIsWaitedFor(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		slow, _ := opened(dir, "")
		write := slow.replace
		slow.replace = func(p string, d []byte) error {
			time.Sleep(20 * time.Second)
			return write(p, d)
		}
		done := make(chan struct{})
		go func() {
			slow.Update(upAt(time.Hour), reserved(upAt(time.Hour)))
			close(done)
		}()
		synctest.Wait()
		s, said := opened(dir, "")
		s.Update(upAt(time.Hour+time.Second), reserved(upAt(time.Hour+time.Second)))
		<-done
		again, _ := opened(dir, "")
		if n := len(again.Read(upAt(time.Hour + time.Second)).Quotas["k"].Reservations); n != 2 || len(*said) != 0 {
			t.Errorf("%d of 2 requests are on disk, said %q", n, *said)
		}
	})
}

// A writer that hangs is said once and does not hold updates up for ever, and
// what it writes when it wakes takes no request off the count, though it writes
// more often than we did.
func TestAWriterThatHangsCostsNoRequest(t *testing.T) {
	for _, more := range []int{0, 7} {
		dir := updatetest.RAMDir(t)
		synctest.Test(t, func(t *testing.T) { testAWriterThatHangs(t, dir, more) })
	}
}

func testAWriterThatHangs(t *testing.T, dir string, more int) {
	s, said := opened(dir, "")
	s.Update(upAt(time.Hour), note("home"))
	hangs, _ := opened(dir, "")
	woken, done := make(chan struct{}), make(chan struct{})
	write := hangs.replace
	hangs.replace = func(p string, d []byte) error {
		os.WriteFile(p+".new", []byte("half of wh"), 0o600)
		<-woken
		return write(p, d)
	}
	go func() {
		hangs.Update(upAt(time.Hour), reserved(upAt(time.Hour)))
		close(done)
	}()
	synctest.Wait()
	onDisk := func() int {
		other, _ := opened(dir, "")
		return len(other.Read(upAt(2 * time.Hour)).Quotas["k"].Reservations)
	}
	for n := range 3 {
		start := time.Now()
		later := upAt(time.Hour + time.Duration(n+1)*time.Second)
		s.Update(later, reserved(later))
		if took := time.Since(start); n > 0 && took > time.Second {
			t.Errorf("write %d waits %v again", n, took)
		}
		if got := onDisk(); got != n+1 {
			t.Errorf("%d of %d requests are on disk", got, n+1)
		}
	}
	if len(*said) != 1 || !strings.Contains((*said)[0], "hang") || !s.hung {
		t.Errorf("said %q, want one sentence", *said)
	}
	if half, _ := os.ReadFile(filepath.Join(dir, FileName+".new")); string(half) != "half of wh" {
		t.Errorf("what it is writing was written over: %q", half)
	}
	close(woken)
	<-done // it has put its own in the place of all that
	for n := range more {
		later := upAt(time.Hour + time.Minute + time.Duration(n)*time.Second)
		hangs.stamps[0] = ReadStamp(Path(dir))
		hangs.Update(later, reserved(later))
	}
	s.Update(upAt(2*time.Hour), func(*Data) {})
	if got := onDisk(); got != 4+more {
		t.Errorf("%d requests are on disk, want all %d", got, 4+more)
	}
	if len(*said) != 2 || !strings.Contains((*said)[1], "free again") {
		t.Errorf("said %q, want that it is over", *said)
	}
}

// A process that is to end does not wait for one that hangs.
func TestAWriterThatIsToEndWaitsForNoLock(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		hangs, _ := opened(dir, "")
		hangs.Update(upAt(time.Hour), note("home"))
		woken := make(chan struct{})
		hangs.replace = func(string, []byte) error { <-woken; return nil }
		go hangs.Update(upAt(time.Hour), note("b"))
		synctest.Wait()
		waits, _ := opened(dir, "")
		done := make(chan struct{})
		go func() { waits.Update(upAt(time.Hour), note("c")); close(done) }()
		time.Sleep(time.Second)
		start := time.Now()
		waits.Leave()
		<-done
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
		close(woken)
	})
}

// That another process has written stays news until it is taken, in the next worker, too.
func TestWhatAnotherProcessHasWrittenIsNews(t *testing.T) {
	dir := t.TempDir()
	ours, _ := opened(dir, "")
	ours.Update(upAt(time.Hour), note("a"))
	if ours.TakeForeign() {
		t.Error("its own write is news")
	}
	other, _ := opened(dir, "")
	other.Update(upAt(time.Hour), note("b"))
	if other.TakeForeign() {
		t.Error("what it begins with is news")
	}
	ours.Update(upAt(time.Hour), note("c"))
	next, _ := opened(dir, "")
	next.Restore(upAt(time.Hour), ours.Snapshot(upAt(time.Hour)))
	next.Read(upAt(time.Hour))
	for _, s := range []*Store{ours, next} {
		if !s.TakeForeign() || s.TakeForeign() {
			t.Error("it is no news, or news twice")
		}
	}
}
