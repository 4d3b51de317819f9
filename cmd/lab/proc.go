package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	program "homeward/cmd/homeward/daemon"
)

// memory is what a process holds, in kB.
type memory struct{ RSS, Dirty int }

// readMemory reads it from outside, by smaps_rollup.
func readMemory(pid int) (m memory, err error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	if m.RSS, err = field(text, "Rss:"); err == nil {
		m.Dirty, err = field(text, "Private_Dirty:")
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// pss returns the proportional set size, in kB, of some processes together.
func pss(pids []int) (sum int) {
	for _, pid := range pids {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err == nil {
			if kB, err := field(text, "Pss:"); err == nil {
				sum += kB
			}
		}
	}
	return sum
}

// readStatus returns a number of /proc/PID/status, of name "VmHWM:" say.
func readStatus(path, name string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return field(text, name)
}

// field returns the number behind a name at the beginning of a line.
func field(text []byte, name string) (int, error) {
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), name); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				return strconv.Atoi(f[0])
			}
		}
	}
	return 0, fmt.Errorf("no %s", name)
}

// wakeups counts how often the threads of a process went to sleep by
// themselves, and so were woken.
func wakeups(pid int) (sum int, err error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, t := range tasks {
		n, err := readStatus(t, "voluntary_ctxt_switches:")
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, err
}

// workers returns the worker processes of a daemon. One that has not begun yet
// still has the daemon's memory, and is left out.
func workers(watcher int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", watcher))
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		for _, f := range strings.Fields(string(text)) {
			args, _ := os.ReadFile("/proc/" + f + "/cmdline")
			if n, err := strconv.Atoi(f); err == nil && strings.Contains(string(args), program.WorkerArg) {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// family returns a process and all that it has started and not left.
func family(pid int) []int {
	pids := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		for _, f := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, family(n)...)
			}
		}
	}
	return pids
}
