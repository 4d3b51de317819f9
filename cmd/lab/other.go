package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// other is another program for the job, as Debian packages it.
type other struct {
	name    string
	period  time.Duration // between two looks, the shortest it allows
	usual   time.Duration // likewise, unless it is told
	beside  string        // what it needs beside its file and libraries
	version string        // the argument that makes it say so
	file    string        // its configuration: eth0's IPv4 address, and this service
	args    []string      // to run in the foreground, DIR is its folder
}

// otherPackages are Debian's. ddclient needs the library for HTTPS.
const otherPackages = "inadyn ddclient libio-socket-ssl-perl"

const (
	otherService = "service.example.net"
	otherHost    = "home.example.net"
)

var others = []other{
	{
		name: "inadyn", period: time.Second, usual: time.Minute, version: "--version",
		file: "period = 1\niface = eth0\ncustom lab {\n\tusername = lab\n\tpassword = secret\n\tddns-server = " + otherService +
			"\n\tddns-path = \"/nic/update?hostname=%h&myip=%i\"\n\thostname = " + otherHost + "\n}\n",
		args: []string{"--foreground", "--no-pidfile", "--cache-dir=DIR", "--config=DIR/conf"},
	}, {
		name: "ddclient", period: time.Minute, usual: 5 * time.Minute, beside: " and Perl", version: "-help",
		file: "ssl=yes\nssl_ca_file=" + rootsFile + "\nprotocol=dyndns2\nserver=" + otherService +
			"\nusev4=ifv4\nifv4=eth0\nlogin=lab\npassword=secret\n" + otherHost + "\n",
		args: []string{"-foreground", "-daemon", "60", "-cache", "DIR/cache", "-file", "DIR/conf"},
	},
}

// changes is how often its address is changed: four times and more for a
// median, but a minute and a half is enough unless all is measured.
func (o other) changes(m mode) int {
	n := min(12, int(90*time.Second/o.period))
	return m.rounds(max(4, n), max(1, n))
}

// moment returns how long to wait from now on, so that the k'th of n changes
// comes at its turn: they are spread evenly over the time between two looks,
// of which one was since ago.
func (o other) moment(k, n int, since time.Duration) time.Duration {
	left := o.period * time.Duration(2*k+1) / time.Duration(2*n) // from the change to the next look
	wait := (o.period - left - since) % o.period
	if wait < 0 {
		wait += o.period
	}
	return wait
}

// versionText matches a version at the beginning of a line or behind the word.
var versionText = regexp.MustCompile(`(?im)(?:^|version |homeward )v?(\d+\.\d+[\w.]*)`)

// versionIn finds the version in what a program says of itself, "?" if it says
// none.
func versionIn(text string) string {
	if m := versionText.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "?"
}

// command is the program in the foreground, its files in dir.
func (o other) command(dir string) (*exec.Cmd, error) {
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(o.file), 0o600); err != nil {
		return nil, err
	}
	var args []string
	for _, a := range o.args {
		args = append(args, strings.ReplaceAll(a, "DIR", dir))
	}
	return exec.Command(o.name, args...), nil
}

// about completes what can be told without running it as a service.
func (o other) about(f *figures) error {
	text, err := exec.Command(o.name, o.version).CombinedOutput()
	if len(text) == 0 {
		return fmt.Errorf("%s %s said nothing: %w", o.name, o.version, err)
	}
	path, err := exec.LookPath(o.name)
	if err != nil {
		return err
	}
	f.Name, f.Version, f.Beside = o.name, versionIn(string(text)), o.beside
	f.Period, f.Usual = o.period, o.usual
	f.Disk, err = diskKiB(path)
	return err
}
