package update

import (
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
)

// Whatever stands on disk, what comes next is not beyond all limits.
func FuzzNext(f *testing.F) {
	f.Add([]byte(`{"version":1,"boot":"b1","up":5,"salt":"00","keys":{"k":{"slots":[{"up":99999999999999999,"open":true}],"until":9223372036854775807}},"accounts":{"home":{"hosts":{"":{"ipv4":"203.0.113.7"}}}}}`))
	f.Add([]byte(`{"version":1,"boot":"b0","up":7,"salt":"00","quotas":{"k":{"slots":[{"up":9,"open":true,"id":3}],"until":9223372036854775807,"step":-1}},
		"accounts":{"home":{"hosts":{"":{"ipv4":"203.0.113.7","lost":{"ipv4":"203.0.113.7"},"lost_at":9223372036854775807,"lock":{"until":-9223372036854775808}}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := state.Parse(text)
		if err != nil {
			return
		}
		now := at(time.Hour)
		b.Rebase(now)
		a := ipv64Account()
		b.SyncConfig(a)
		s := AccountState{a, theIPv64(), b.Accounts["home"], b.Usage(b.UsageID(a)), state.Limits{Short: 3, Day: 48}, Plan{Want: service.Values{IPv4: v4a}}}
		if d := s.Next(now); d.At < 0 || d.At > now.Up+2*clock.Day {
			t.Errorf("decision %+v", d)
		}
	})
}
