package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/settings"
	"homeward/update/service"
)

func reportCommand() cli.Command {
	return cli.Command{
		Name:  "report",
		About: "prints version, platform, status, configuration, packages and log in one text to send with a question",
		Long: `
Secrets, user names and comments are left out; addresses and host names stay.
Read it before you send it.`,
		Flags: []cli.Flag{cli.ConfigFlag},
		Run: func(_ context.Context, c cli.Call) int {
			return writeAll(c.Stdout, c.Stderr, []byte(report{root: "/", file: c.Value("-c")}.text()))
		},
	}
}

// report gathers what a question about homeward needs.
type report struct {
	root string // of the file system, but for the configuration's file
	file string // the configuration, "" for the usual one
}

// logLines is how many lines of the log a report has at the most.
const logLines = 100

// text returns the report. What is not there is said in its place.
func (r report) text() string {
	cfg, warnings, err := settings.Load(r.file)
	if r.file == "" {
		r.file = settings.DefaultFile()
	}
	dir := settings.DefaultRunDir
	if cfg != nil {
		dir = cfg.RunDir
	}
	var b strings.Builder
	part := func(title, text string) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, strings.TrimRight(text, "\n"))
	}
	fmt.Fprintf(&b, "# homeward report\n\nSecrets, user names and comments are left out; addresses and host names stay.\nRead it before you send it.\n")
	part("Version", fmt.Sprintf("homeward %s %s/%s\n%s\n%s", version, runtime.GOOS, runtime.GOARCH, r.system(), time.Now().UTC().Format(time.RFC3339)))
	part("Status", reportStatus(dir))
	part("Configuration "+cmp.Or(r.file, "(no TOML)"), r.toml(warnings, err))
	part("Configuration /etc/config/homeward", r.uci())
	part("Packages", r.packages())
	part("Log", r.log())
	text := []byte(b.String())
	if cfg != nil {
		for i := range cfg.Accounts {
			text = service.Redact(text, &cfg.Accounts[i].Account)
		}
	}
	return string(text)
}

func (r report) read(path string, limit int) (string, error) {
	b, _, err := settings.ReadFile(filepath.Join(r.root, path), limit)
	return string(b), err
}

// system names the distribution and the kernel.
func (r report) system() string {
	name := "unknown distribution"
	if text, err := r.read("etc/openwrt_release", 4<<10); err == nil {
		name = strings.Join([]string{"OpenWrt", assigned(text, "DISTRIB_RELEASE"), assigned(text, "DISTRIB_TARGET"), assigned(text, "DISTRIB_ARCH")}, " ")
	} else if text, err := r.read("etc/os-release", 4<<10); err == nil {
		name = assigned(text, "PRETTY_NAME")
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return name
	}
	return service.Clean([]byte(name + ", kernel " + unix.ByteSliceToString(u.Release[:])))
}

// assigned returns what a file of shell assignments gives to a name.
func assigned(text, name string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(v, `'"`)
		}
	}
	return ""
}

func reportStatus(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, daemon.StatusFile))
	switch {
	case daemon.PID(dir) == 0:
		return "no daemon runs (" + dir + ")"
	case err != nil:
		return "the daemon runs; its status cannot be read: " + err.Error()
	}
	return string(text)
}

func (r report) toml(warnings []string, err error) string {
	if r.file == "" {
		return "there is none"
	}
	src, _, readErr := settings.ReadFile(r.file, uciMax)
	if readErr != nil {
		return "cannot be read: " + readErr.Error()
	}
	text, redactErr := settings.Redacted(r.file, src)
	if redactErr == nil && err != nil {
		text += "\n" + err.Error()
	} else if redactErr != nil {
		text = redactErr.Error()
	}
	for _, w := range warnings {
		text += "\nwarning: " + w
	}
	return text
}

func (r report) uci() string {
	src, err := r.read("etc/config/homeward", uciMax)
	if err != nil {
		return "cannot be read: " + err.Error()
	}
	return settings.UCI().Redacted([]byte(src), settings.RedactedText)
}

// packages lists the installed packages that matter, by what opkg or apk keep.
func (r report) packages() string {
	var found []string
	name := ""
	for _, list := range [...]struct{ file, name, version string }{
		{"usr/lib/opkg/status", "Package: ", "Version: "}, {"lib/apk/db/installed", "P:", "V:"}} {
		text, err := r.read(list.file, 8<<20)
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if n, ok := strings.CutPrefix(line, list.name); ok {
				name = n
			} else if v, ok := strings.CutPrefix(line, list.version); ok && matters(name) {
				found = append(found, service.Clean([]byte(name+" "+v)))
			}
		}
	}
	if len(found) == 0 {
		return "neither opkg nor apk knows one"
	}
	return strings.Join(found, "\n")
}

// matters reports whether a package has to do with homeward.
func matters(name string) bool {
	return strings.Contains(name, "homeward") || strings.Contains(name, "ddns") || name == "netifd" || name == "odhcp6c" ||
		name == "ca-bundle" || name == "ca-certificates" || name == "mwan3"
}

// log returns the last lines of homeward's in the system's log.
func (r report) log() string {
	program := filepath.Join(r.root, "sbin/logread")
	out, err := output(program, "-e", "homeward")
	if errors.Is(err, os.ErrNotExist) {
		return "there is no logread"
	}
	if err != nil {
		return "logread gives none: " + err.Error()
	}
	var lines []string
	for line := range strings.Lines(out) {
		if line = service.Clean([]byte(line)); strings.Contains(line, " homeward[") || strings.Contains(line, " homeward:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-logLines):], "\n")
}

// output runs a program, without input, and returns what it writes: 1 MiB at the
// most, and all there is after 5 s.
func output(path string, args ...string) (string, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer read.Close()
	p, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{Files: []*os.File{nil, write, nil}})
	write.Close()
	if err != nil {
		return "", err
	}
	read.SetReadDeadline(time.Now().Add(5 * time.Second))
	out, _ := io.ReadAll(io.LimitReader(read, 1<<20))
	p.Kill()
	p.Wait()
	return string(out), nil
}
