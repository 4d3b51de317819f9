// Command emulate runs the program as shipped on emulated routers: machines of
// 64 MB with a root of squashfs in qemu-system, and other processors in
// qemu-user. It changes addresses and prefixes there, checks each update that
// arrives at a stand-in on this host, and prints what it took.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"homeward/netwatch/netwatchtest"
)

const usage = `usage: emulate all     every machine, and every processor in qemu-user
       emulate check   the one machine that make check boots
(from the top of the tree)`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "emulate: %v\n", err)
		os.Exit(1)
	}
}

// run does what is asked; an error says which promise was broken. Three more
// words than usage shows are for the processes that this one starts.
func run(ctx context.Context, args []string, w io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "connect":
		return connect(args[1])
	case len(args) == 2 && args[0] == "processors":
		netwatchtest.Enter()
		return runProcessors(ctx, args[1], w)
	case len(args) > 2 && args[0] == "foreign":
		return become(args[1], args[2], args[3:])
	case len(args) != 1 || args[0] != "all" && args[0] != "check":
		return errors.New(usage)
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "homeward-emulate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if args[0] == "check" {
		return runMachines(ctx, cache, work, machines()[:1], w)
	}
	return errors.Join(runMachines(ctx, cache, work, machines(), w), startProcessors(ctx, work, w))
}

// cacheDir is where kernels are kept, outside the tree.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "homeward-emulate"), nil
}

// connect joins stdin and stdout, which are the guest's connection, with addr.
// qemu starts it for each connection of the guest.
func connect(addr string) error {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return err
	}
	go func() {
		io.Copy(c, os.Stdin)
		c.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(os.Stdout, c)
	return err
}
