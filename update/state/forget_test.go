package state

import (
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// A state that would change by nothing but forgetting what was forgotten is not
// written.
func TestForgettingWritesNothingWhereNothingChanges(t *testing.T) {
	dir := t.TempDir()
	now := clock.Now{Boot: "b", Up: time.Hour, Wall: time.Unix(1e9, 0)}
	s := Open(dir, "", func(s string) { t.Error(s) })
	p, id := s.Cached(now).Destination(transport.Request{URL: secret.Text{}.Plain("https://a.example")}), UsageID{"q", "c"}
	s.Update(now, func(b *Data) { b.SetUsage(id, b.Usage(id).Remember(now, p, updatetest.Addrs("192.0.2.1"))) })
	before := ReadStamp(Path(dir))
	s.Update(now, func(b *Data) { b.SetUsage(id, b.Usage(id).Forget(p, updatetest.Addrs("2001:db8::1"))) })
	if after := ReadStamp(Path(dir)); before == (Stamp{}) || after != before {
		t.Errorf("the state was written again: %v, %v", before, after)
	}
	s.Update(now, func(b *Data) { b.SetUsage(id, b.Usage(id).Forget(p, updatetest.Addrs("192.0.2.1"))) })
	if ReadStamp(Path(dir)) == before {
		t.Error("the state still has what was forgotten")
	}
}
