package update

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opened returns a Store and what it says.
func opened(dir, spare string) (*Store, *[]string) {
	var said []string
	return OpenStore(dir, spare, func(s string) { said = append(said, s) }), &said
}

func note(name string) func(*Book) {
	return func(b *Book) { b.Accounts[name] = Memory{Config: name, Hosts: map[string]Host{}} }
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	s, said := opened(dir, "")
	s.Do(at(time.Hour), note("home"))
	again, _ := opened(dir, "")
	if _, ok := again.Read(at(time.Hour)).Accounts["home"]; !ok || len(*said) != 0 {
		t.Errorf("read again: %v, said %q", ok, *said)
	}
	info, err := os.Stat(filepath.Join(dir, stateFile))
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
	s.Do(at(time.Hour), note("home"))
	for h := range 100 {
		s.Do(at(time.Duration(h+2)*time.Hour), note("home"))
	}
	if writes != 1 {
		t.Errorf("%d writes, want 1", writes)
	}
}

func TestTwoProcessesLoseNothing(t *testing.T) {
	dir := t.TempDir()
	daemon, _ := opened(dir, "")
	once, _ := opened(dir, "")
	daemon.Do(at(time.Hour), note("a"))
	once.Do(at(time.Hour), note("b"))
	daemon.Do(at(time.Hour), note("c"))
	if n := len(once.Read(at(time.Hour)).Accounts); n != 3 {
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
			path := filepath.Join(dir, stateFile)
			os.WriteFile(path, []byte(content), 0o600)
			s, said := opened(dir, "")
			s.Do(at(time.Hour), note("home"))
			s.Read(at(2 * time.Hour))
			if len(*said) != 1 || !strings.Contains((*said)[0], "set aside") {
				t.Errorf("said %q, want one sentence that it is set aside", *said)
			}
			if kept, err := os.ReadFile(path + ".bad"); err != nil || string(kept) != content {
				t.Errorf("set aside: %q, %v", kept, err)
			}
			again, _ := opened(dir, "")
			if _, ok := again.Read(at(time.Hour)).Accounts["home"]; !ok {
				t.Error("the new state was not kept")
			}
		})
	}
}

func TestStateOfANewerVersionIsRead(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, stateFile), []byte(`{"version":7,"boot":"b1","up":5,"salt":"00","moon":"full",
		"accounts":{"home":{"config":"c","phase":3,"hosts":{"":{"ipv4":"203.0.113.7","tide":1}}}}}`), 0o600)
	s, said := opened(dir, "")
	if got := s.Read(at(time.Hour)).Accounts["home"].Hosts[""].IPv4; got != v4a || len(*said) != 0 {
		t.Errorf("ipv4 = %v, said %q", got, *said)
	}
}

func TestFullDiskIsSaidOnceAndSurvived(t *testing.T) {
	dir, spare := t.TempDir(), t.TempDir()
	s, said := opened(dir, spare)
	s.Do(at(time.Hour), note("before"))
	full := true
	write := s.replace
	s.replace = func(p string, d []byte) error {
		if full && filepath.Dir(p) == dir {
			return errors.New("no space left on device")
		}
		return write(p, d)
	}
	for _, n := range []string{"a", "b", "c"} {
		s.Do(at(time.Hour), note(n))
	}
	if len(*said) != 1 || !strings.Contains((*said)[0], "no space left on device") || !strings.Contains((*said)[0], spare) {
		t.Errorf("said %q, want one sentence with the reason and %s", *said, spare)
	}
	after, _ := opened(dir, spare) // a restart in the midst of it
	if n := len(after.Read(at(time.Hour)).Accounts); n != 4 {
		t.Errorf("a restart knows %d accounts, want 4", n)
	}
	full = false
	s.Do(at(time.Hour), note("c"))
	if len(*said) != 2 || !strings.Contains((*said)[1], "again") {
		t.Errorf("said %q, want that it is written again", *said)
	}
	alone, _ := opened(dir, "")
	if n := len(alone.Read(at(time.Hour)).Accounts); n != 4 {
		t.Errorf("the disk has %d accounts, want 4", n)
	}
	if _, err := os.Stat(filepath.Join(spare, stateFile)); err == nil {
		t.Error("the spare state is still there")
	}
}

func TestNoFolderTakesTheState(t *testing.T) {
	s, said := opened("/proc/none", "/proc/neither")
	s.Do(at(time.Hour), note("home"))
	s.Do(at(time.Hour), note("office"))
	if n := len(s.Read(at(time.Hour)).Accounts); n != 2 || len(*said) != 2 {
		t.Errorf("%d accounts remembered, said %q", n, *said)
	}
}

func FuzzBook(f *testing.F) {
	f.Add([]byte(`{"version":1,"boot":"b1","up":5,"salt":"00","keys":{"k":{"slots":[{"up":99999999999999999,"open":true}],"until":9223372036854775807}},"accounts":{"home":{"hosts":{"":{"ipv4":"203.0.113.7"}}}}}`))
	f.Add([]byte(`{"version":1,"boot":"b0","up":-5,"salt":"00","keys":{"k":{"slots":[{"up":-9223372036854775808,"at":"9999-01-01T00:00:00Z","sure":true}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := parseBook(data)
		if err != nil {
			return
		}
		now := at(time.Hour)
		b.Arrive(now)
		a := ipv64Account()
		b.enrol(a)
		id := b.keyID(a)
		for _, k := range []Key{b.key(id), {Quota: b.Quotas["k"], Credential: b.Credentials["k"]}, {Quota: b.Keys["k"].Quota}} {
			if used := k.used(now); used > len(k.Slots) || used < 0 {
				t.Errorf("used %d of %d", used, len(k.Slots))
			}
			if wait := max(k.Until, k.Lock.until()) - now.Up; wait > longestWait {
				t.Errorf("waits for %v", wait)
			}
			if wait := k.room(now, Limits{3, 48}) - now.Up; wait < 0 || wait > day+dayMargin+exchangeLimit {
				t.Errorf("room in %v", wait)
			}
		}
		d := Next(now, a, ipv64Service(), b.Accounts["home"], b.key(b.keyID(a)), Limits{3, 48}, Plan{Want: Values{IPv4: v4a}})
		if d.At < 0 || d.At > now.Up+2*day {
			t.Errorf("decision %+v", d)
		}
		b.settle(now)
		if _, err := parseBook(b.encode()); err != nil && len(b.Boot) > 0 {
			t.Errorf("what was written is not read: %v", err)
		}
	})
}

// A router without a battery clock has its first update accepted in 1970.
func TestTheTimeOfAnAcceptedUpdateIsPutRightWithTheClock(t *testing.T) {
	b := newBook(Now{})
	at := Now{Wall: time.Unix(90, 0), Up: 90 * time.Second}.Moment()
	values := Values{IPv4: netip.MustParseAddr("203.0.113.7")}
	b.Accounts["home"] = Memory{Hosts: map[string]Host{"": {Values: values, Moment: at}, "never": {}}}
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b.settle(Now{Wall: noon, Up: 150 * time.Second, Synced: true})
	want := Moment{Up: 90 * time.Second, At: noon.Add(-time.Minute), Sure: true}
	if got := b.Accounts["home"].Hosts; got[""].Moment != want || got["never"] != (Host{}) {
		t.Errorf("hosts are %+v, want %+v", got, want)
	}
}

func TestAKeyWithoutALimitIsNotRememberedForEver(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(dir, "")
	s.Do(at(time.Hour), func(b *Book) { b.Quotas["k"] = slots(5*slotsMost, time.Hour).Quota })
	again, _ := opened(dir, "")
	if n := len(again.Read(at(time.Hour)).Quotas["k"].Slots); n != slotsMost {
		t.Errorf("%d requests are remembered, want the last %d", n, slotsMost)
	}
}
