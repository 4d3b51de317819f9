package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// figures are what is measured of any program for the job.
type figures struct {
	Name     string
	Version  string
	Beside   string        // what it needs beside its file, "" for libraries at most
	Period   time.Duration // between two looks at the line, 0 where the kernel tells
	Usual    time.Duration // likewise, unless it is told
	Disk     int           // KiB of the program's own file
	Updates  int           // before the memory was read
	memory                 // of all its processes, idle
	Wakeups  int           // of all of them,
	Span     time.Duration // in so much idle time
	Delays   times         // from a change of the IPv4 address to the request
	Requests int           // that came in all,
	Prefixed int           // and those of them with the delegated prefix
}

// otherWithin bounds the life of a measurement of another program.
const otherWithin = 8 * time.Minute

// besideOthers measures memory, wake-ups and the flood, and meanwhile the
// others, which look but now and then, each in namespaces of its own.
func (b *bencher) besideOthers() error {
	ctx, cancel := context.WithTimeout(context.Background(), otherWithin)
	defer cancel()
	var missing []string
	var pending []<-chan answer
	for _, o := range others {
		if _, err := exec.LookPath(o.name); err != nil {
			missing = append(missing, o.name)
			continue
		}
		pending = append(pending, b.measureOther(ctx, o.name))
	}
	for _, part := range []func() error{b.memories, b.flood, b.ownFigures} {
		if err := part(); err != nil {
			return err
		}
		b.out.Flush()
	}
	measured := []figures{b.own}
	for _, p := range pending {
		a := <-p
		if a.err != nil {
			b.failed = errors.Join(b.failed, a.err)
			continue
		}
		measured = append(measured, a.figures)
	}
	b.compareAll(measured)
	if missing != nil {
		fmt.Fprintf(b.out, "Not here: %s. Debian has them (apt-get install --no-install-recommends %s); keep them from being started: update-rc.d NAME disable.\n",
			strings.Join(missing, ", "), otherPackages)
	}
	return nil
}

// ownFigures completes homeward's.
func (b *bencher) ownFigures() error {
	version, err := exec.Command(b.binary, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", b.binary, err)
	}
	b.own.Name, b.own.Version = "homeward", versionIn(string(version))
	b.own.Disk, err = diskKiB(b.binary)
	return err
}

// answer is what came of a measurement.
type answer struct {
	figures
	err error
}

// measureOther has this program measure another one, beside us.
func (b *bencher) measureOther(ctx context.Context, name string) <-chan answer {
	result := make(chan answer, 1)
	go func() {
		var a answer
		cmd := exec.CommandContext(ctx, "/proc/self/exe", "other", name)
		cmd.Stdin = bytes.NewReader(b.roots)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "BENCH=" + string(b.mode), "TMPDIR=" + b.dir} // it may be killed: nothing stays
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		said := new(bytes.Buffer)
		cmd.Stderr = said
		text, err := cmd.Output()
		if err == nil {
			err = json.Unmarshal(text, &a.figures)
		}
		if err != nil {
			a.err = fmt.Errorf("measure %s: %w\n%s", name, err, said)
		}
		result <- a
	}()
	return result
}

// compareAll prints the programs beside each other.
func (b *bencher) compareAll(all []figures) {
	b.head("Beside others, IPv4; the address is changed at moments spread over the time between two looks")
	for _, line := range []struct {
		what string
		cell func(figures) any
	}{
		{"", func(f figures) any { return f.Name }},
		{"version", func(f figures) any { return f.Version }},
		{"looks at the line", func(f figures) any { return f.looks() }},
		{"from a change to the request, median", func(f figures) any { return delayText(f.Delays.median()) }},
		{"worst", func(f figures) any { return delayText(f.Delays.worst()) }},
		{"of so many changes", func(f figures) any { return len(f.Delays) }},
		{"requests with the delegated prefix, of all", func(f figures) any { return fmt.Sprintf("%d of %d", f.Prefixed, f.Requests) }},
		{"RSS of all its processes, idle, kB", func(f figures) any { return f.RSS }},
		{"Private_Dirty likewise, kB", func(f figures) any { return f.Dirty }},
		{"after so many updates", func(f figures) any { return f.Updates }},
		{"wake-ups while nothing happens", func(f figures) any { return fmt.Sprintf("%d in %v", f.Wakeups, f.Span) }},
		{"its file, KiB, without libraries", func(f figures) any { return fmt.Sprintf("%d%s", f.Disk, f.Beside) }},
	} {
		cells := []any{line.what}
		for _, f := range all {
			cells = append(cells, line.cell(f))
		}
		b.row(cells...)
	}
}

func (f figures) looks() string {
	if f.Period == 0 {
		return "when the kernel tells"
	}
	return fmt.Sprintf("every %.0f s (%.0f unless told)", f.Period.Seconds(), f.Usual.Seconds())
}

// delayText spells a time that is of milliseconds or of minutes.
func delayText(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.2f ms", ms(d))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// diskKiB is the size of a file, of what a link leads to.
func diskKiB(path string) (int, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return kiB(int(info.Size())), nil
}
