package netwatch

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"
)

// TestAnImageIsThatOfEveryMember changes each member of a State, and of what is
// in it: the image has to change, and Equal has to see it.
func TestAnImageIsThatOfEveryMember(t *testing.T) {
	full := func() *State {
		m := Missing{Of: ValueIPv4, Reason: ReasonPrivate, Dev: "wan", Addr: netip.MustParseAddr("192.168.1.2"), Use: "wg0", UseAddr: netip.MustParseAddr("203.0.113.9")}
		return &State{IPv4: netip.MustParseAddr("203.0.113.7"), WAN: "wan", WAN6: "wan6", LAN: "br-lan", LANs: []string{"br-lan", "home"},
			Delegated: []netip.Prefix{netip.MustParsePrefix("2001:db8:1200::/56")}, NoIPv4: m, NoIPv6: m, NoPrefix: m}
	}
	before := full().Append(nil)
	if !bytes.Equal(before, full().Append([]byte{})) || !full().Equal(*full()) {
		t.Fatal("a State is not equal to itself")
	}
	changed := 0
	change := func(v reflect.Value, s *State, name string) {
		switch x := v.Addr().Interface().(type) {
		case *netip.Addr:
			*x = netip.MustParseAddr("2001:db8::99")
		case *netip.Prefix:
			*x = netip.MustParsePrefix("2001:db8:99::/48")
		case *string:
			*x += "x"
		case *bool:
			*x = !*x
		case *Value:
			*x++
		case *Reason:
			*x++
		case *[]netip.Prefix:
			*x = append(*x, netip.MustParsePrefix("2001:db8:99::/48"))
		case *[]string:
			*x = append(*x, "x")
		default:
			t.Fatalf("%s: the test knows no other value of a %T", name, x)
		}
		changed++
		if bytes.Equal(s.Append(nil), before) || s.Equal(*full()) {
			t.Errorf("%s does not count", name)
		}
	}
	for i := range reflect.TypeFor[State]().NumField() {
		s := full()
		f, name := reflect.ValueOf(s).Elem().Field(i), reflect.TypeFor[State]().Field(i).Name
		if f.Type() != reflect.TypeFor[Missing]() {
			change(f, s, name)
			continue
		}
		for j := range f.NumField() {
			s := full()
			change(reflect.ValueOf(s).Elem().Field(i).Field(j), s, name+"."+f.Type().Field(j).Name)
		}
	}
	if changed < 20 {
		t.Errorf("only %d members were changed", changed)
	}
	s, b := full(), make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() { b = s.Append(b[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
