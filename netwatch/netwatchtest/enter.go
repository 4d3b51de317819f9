// Package netwatchtest makes a router and its provider in network namespaces
// of this machine's real kernel: for tests, benchmarks and the demo.
package netwatchtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// inside marks the process that runs in namespaces of its own.
const inside = "NETWATCHTEST_INSIDE"

// Main runs a package's tests in namespaces of their own: call it as
// func TestMain(m *testing.M) { netwatchtest.Main(m) }. It does not return,
// and fails, rather than skips, where there can be no namespaces.
func Main(m interface{ Run() int }) {
	Enter()
	os.Exit(m.Run())
}

// Enter returns in a process that has a user (unless root), network and mount
// namespace of its own, with nothing but lo in it, which is up. In any other it starts the
// program again in them, waits, and exits as that one did. Call it first.
func Enter() {
	if os.Getenv(inside) != "" {
		if err := loopback(); err != nil {
			fmt.Fprintf(os.Stderr, "set lo up: %v\n", err)
			os.Exit(1)
		}
		return
	}
	code, err := again()
	if err != nil {
		fmt.Fprintf(os.Stderr, "network namespaces are needed and could not be made: %v\n", err)
		fmt.Fprintln(os.Stderr, "run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)")
		os.Exit(1)
	}
	os.Exit(code)
}

func loopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// again runs this program in new namespaces, as root where it may, and
// returns its exit code.
func again() (int, error) {
	// The death of the starting thread, not process, kills the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(asked)
	cmd := command(os.Geteuid() != 0)
	err := cmd.Start()
	if errors.Is(err, unix.EPERM) && os.Geteuid() == 0 { // root in a container
		cmd = command(true)
		err = cmd.Start()
	}
	if err != nil {
		return 0, err
	}
	go func() {
		for s := range asked {
			cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		if exit.ExitCode() >= 0 {
			return exit.ExitCode(), nil
		}
		// As a shell tells that a signal ended a program.
		return 128 + int(exit.Sys().(syscall.WaitStatus).Signal()), nil
	}
	return 0, err
}

func command(user bool) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	attr := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if user {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	return cmd
}
