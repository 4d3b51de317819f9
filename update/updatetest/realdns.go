package updatetest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// RealDNS is a name server program of this system: BIND or Knot, the packages bind9
// and knot of Debian. It serves example.org and sub.example.org, which its keys may
// update, and closed.example, which nobody may.
type RealDNS struct {
	Name    string // bind or knot
	Dir     string // its files, of absolute path
	Addr    netip.AddrPort
	Keys    []TSIG
	Records []string // of example.org, beside its own: "home 3600 A 192.0.2.1"

	process *exec.Cmd
	input   io.Closer
	log     bytes.Buffer
}

// Start starts the server and waits until it answers. In a network namespace, the
// caller's thread is in it.
func (s *RealDNS) Start() error {
	for _, zone := range []string{"example.org", "sub.example.org", "closed.example"} {
		lines := []string{"$TTL 3600", "@ SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns", "ns A 192.0.2.53"}
		if zone == "example.org" {
			lines = append(append(lines, "sub NS ns.sub", "ns.sub A 192.0.2.53"), s.Records...)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, zone+".zone"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	conf := filepath.Join(s.Dir, s.Name+".conf")
	text, args := s.bind(), []string{"named", "-g", "-n", "1", "-c", conf}
	if s.Name == "knot" {
		text, args = s.knot(), []string{"knotd", "-c", conf}
	}
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return err
	}
	args[0] = "/usr/sbin/" + args[0]
	if _, err := os.Stat(args[0]); err != nil {
		return fmt.Errorf("%w: install the packages bind9 and knot (.ci/install does)", err)
	}
	// the shell ends the server when its input does, at the latest with this process
	s.process = exec.Command("/bin/sh", append([]string{"-c", `"$@" & read -r _; kill -9 $!; wait`, "sh"}, args...)...)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	input, err := s.process.StdinPipe()
	if err != nil {
		return err
	}
	s.input = input
	if err := s.process.Start(); err != nil {
		return err
	}
	for range 3000 {
		if got, err := s.Lookup("ns.example.org", dnsmessage.TypeA); err == nil && len(got) == 1 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Stop()
	return errors.New(s.Name + " does not answer: " + s.log.String())
}

// Stop ends the server.
func (s *RealDNS) Stop() {
	s.input.Close()
	s.process.Wait()
}

func (s *RealDNS) bind() string {
	conf := fmt.Sprintf("options { directory %q; listen-on port %d { %s; }; listen-on-v6 { none; }; pid-file none; session-keyfile none;\n"+
		"  recursion no; notify no; dnssec-validation no; };\ncontrols {};\n", s.Dir, s.Addr.Port(), s.Addr.Addr())
	var keys string
	for _, k := range s.Keys {
		conf += fmt.Sprintf("key %q { algorithm %s; secret %q; };\n", k.Key, k.Algorithm, base64.StdEncoding.EncodeToString(k.Secret))
		keys += fmt.Sprintf("key %q; ", k.Key)
	}
	for _, zone := range []string{"example.org", "sub.example.org"} {
		conf += fmt.Sprintf("zone %q { type primary; file %q; allow-update { %s}; };\n", zone, zone+".zone", keys)
	}
	return conf + "zone \"closed.example\" { type primary; file \"closed.example.zone\"; };\n"
}

func (s *RealDNS) knot() string {
	conf := fmt.Sprintf("server:\n  rundir: %q\n  listen: %s@%d\nlog:\n  - target: stderr\n    any: warning\ndatabase:\n  storage: %q\nkey:\n",
		s.Dir, s.Addr.Addr(), s.Addr.Port(), s.Dir)
	var keys []string
	for _, k := range s.Keys {
		conf += fmt.Sprintf("  - id: %s\n    algorithm: %s\n    secret: %s\n", k.Key, k.Algorithm, base64.StdEncoding.EncodeToString(k.Secret))
		keys = append(keys, k.Key)
	}
	conf += fmt.Sprintf("acl:\n  - id: ddns\n    key: [%s]\n    action: [update]\nzone:\n", strings.Join(keys, ", "))
	for _, zone := range []string{"example.org", "sub.example.org", "closed.example"} {
		conf += fmt.Sprintf("  - domain: %s\n    storage: %q\n    file: %s.zone\n", zone, s.Dir, zone)
		if zone != "closed.example" {
			conf += "    acl: ddns\n"
		}
	}
	return conf
}

// Lookup asks the server over TCP, and returns the data and TTL of each record of a
// name and type, sorted.
func (s *RealDNS) Lookup(name string, typ dnsmessage.Type) ([]string, error) {
	b := dnsmessage.NewBuilder(make([]byte, 2), dnsmessage.Header{ID: 1})
	b.StartQuestions()
	b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(name + "."), Type: typ, Class: dnsmessage.ClassINET})
	question, err := b.Finish()
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint16(question, uint16(len(question)-2))
	answer, err := s.Ask(question[2:])
	if err != nil {
		return nil, err
	}
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil {
		return nil, err
	}
	if !m.Authoritative {
		return nil, errors.New("not the zone's server yet")
	}
	var out []string
	for _, r := range m.Answers {
		var data string
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			data = netip.AddrFrom4(body.A).String()
		case *dnsmessage.AAAAResource:
			data = netip.AddrFrom16(body.AAAA).String()
		case *dnsmessage.TXTResource:
			data = strings.Join(body.TXT, " ")
		default:
			continue
		}
		out = append(out, fmt.Sprintf("%s %d", data, r.Header.TTL))
	}
	slices.Sort(out)
	return out, nil
}

// Ask sends one message on a connection of its own, and returns the answer.
func (s *RealDNS) Ask(msg []byte) ([]byte, error) {
	conn, err := net.DialTimeout("tcp", s.Addr.String(), time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err = io.ReadFull(conn, answer)
	return answer, err
}
