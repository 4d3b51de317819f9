package checkip

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/transport"
)

// throttle keeps in a folder in RAM when each service may be asked again, and at
// which addresses it was reached, for this process, the next one and a
// concurrent `once`. If dir is "" or cannot be used, each process keeps its own
// pace.
type throttle struct{ dir string }

// take asks to query a service now. It returns 0 if allowed, and then blocks
// other processes until put, or for reserve; else it returns when to try again,
// in time since boot.
func (p throttle) take(now clock.Now, of string, reserve time.Duration) (free time.Duration) {
	p.change(of, func(text string) string {
		if free = parseThrottle(now, text); free != 0 {
			return text
		}
		return formatThrottle(now, now.Up+reserve)
	})
	return free
}

// put records when a service may be asked again.
func (p throttle) put(now clock.Now, of string, free time.Duration) {
	p.change(of, func(string) string { return formatThrottle(now, free) })
}

// known returns Request.Known for a query.
func (p throttle) known(q Query) (addrs []netip.Addr) {
	p.change(q.place(), func(text string) string {
		addrs = splitAddrs(text)
		return text
	})
	return addrs[:min(len(addrs), transport.KnownMost)]
}

// learn records the addresses of an outcome.
func (p throttle) learn(q Query, out transport.Outcome) {
	p.change(q.place(), func(text string) string {
		if out.Answer != nil {
			return joinAddrs(out.Answer.Known)
		}
		left := slices.DeleteFunc(splitAddrs(text), func(a netip.Addr) bool { return slices.Contains(out.Forget, a) })
		return joinAddrs(left)
	})
}

// place returns the key for known and learn.
func (q Query) place() string {
	return "reached " + q.host() + " " + strconv.Itoa(q.Family) + " " + q.Device
}

func formatThrottle(now clock.Now, free time.Duration) string {
	return now.Boot + " " + strconv.FormatInt(int64(free), 10)
}

// parseThrottle returns the recorded time if it is of this boot and still to
// come, else 0. It returns 0 for text in another form.
func parseThrottle(now clock.Now, text string) time.Duration {
	boot, until, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(until, 10, 64)
	free := time.Duration(n)
	if err != nil || boot != now.Boot || free <= now.Up || free > now.Up+service.LongestWait {
		return 0
	}
	return free
}

// change replaces the folder's text for a key, under a lock between processes.
func (p throttle) change(of string, f func(string) string) {
	if p.dir == "" {
		return
	}
	sum := sha256.Sum256([]byte(of))
	file, err := os.OpenFile(filepath.Join(p.dir, "asked-"+hex.EncodeToString(sum[:6])), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	// The lock is held for one small write: a process that holds it longer is
	// stopped. Do not wait for it.
	for start := time.Now(); unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil; time.Sleep(time.Millisecond) {
		if time.Since(start) > time.Second {
			return
		}
	}
	buf := make([]byte, 256) // a time, or four addresses
	n, _ := file.ReadAt(buf, 0)
	before := string(buf[:n])
	if after := f(before); after != before {
		file.Truncate(0)
		file.WriteAt([]byte(after), 0)
	}
}

func joinAddrs(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

func splitAddrs(s string) []netip.Addr {
	var out []netip.Addr
	for _, f := range strings.Fields(s) {
		if a, err := netip.ParseAddr(f); err == nil {
			out = append(out, a)
		}
	}
	return out
}
