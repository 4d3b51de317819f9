package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// processor is one that qemu-user plays; without a qemu it is this host's.
type processor struct {
	name string
	env  []string // Go's names of it
	qemu string
	cpu  string // "" is qemu's choice
}

func processors() []processor {
	return []processor{
		{"ARMv5 (arm926)", []string{"GOARCH=arm", "GOARM=5"}, "qemu-arm-static", "arm926"},
		{"mips", []string{"GOARCH=mips", "GOMIPS=softfloat"}, "qemu-mips-static", "24Kc"},
		{"mipsle", []string{"GOARCH=mipsle", "GOMIPS=softfloat"}, "qemu-mipsel-static", "24Kc"},
		{"riscv64", []string{"GOARCH=riscv64"}, "qemu-riscv64-static", ""},
		{"386 (native)", []string{"GOARCH=386"}, "", ""},
	}
}

// programFile is where the program for p is kept below dir.
func (p processor) programFile(dir string) string {
	return filepath.Join(dir, strings.Join(p.env, ",")+".program")
}

// interpreter writes what runs the programs of p below dir, and returns its
// path. The processor stands in it, not in the environment, which the worker
// does not get.
func (p processor) interpreter(dir string) (string, error) {
	qemu, err := exec.LookPath(p.qemu)
	if err != nil {
		return "", err
	}
	words := "exec " + qemu
	if p.cpu != "" {
		words += " -cpu " + p.cpu
	}
	file := p.programFile(dir) + ".sh"
	return file, os.WriteFile(file, []byte("#!/bin/sh\n"+words+` "$@"`+"\n"), 0o755)
}

// command runs the program for p. The kernel must know how to run it, as the
// program starts itself again as its own worker: it is told so in a user
// namespace, where nobody else sees it.
func (p processor) command(ctx context.Context, dir string, args ...string) (*exec.Cmd, error) {
	if p.qemu == "" {
		return exec.CommandContext(ctx, p.programFile(dir), args...), nil
	}
	interpreter, err := p.interpreter(dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"foreign", interpreter, p.programFile(dir)}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	return cmd, nil
}

// become tells the kernel that programs like this one are run by the
// interpreter, and becomes the program. It returns if it cannot.
func become(interpreter, program string, args []string) error {
	const at = "/proc/sys/fs/binfmt_misc"
	if err := unix.Mount("binfmt_misc", at, "binfmt_misc", 0, ""); err != nil {
		return fmt.Errorf("mount binfmt_misc in a user namespace, which Linux can from 6.7 on: %w", err)
	}
	rule, err := binfmtRule(interpreter, program)
	if err != nil {
		return err
	}
	if err := os.WriteFile(at+"/register", []byte(rule), 0); err != nil {
		return err
	}
	return &os.PathError{Op: "exec", Path: program, Err: syscall.Exec(program, append([]string{program}, args...), os.Environ())}
}

// binfmtRule is the line for the kernel's binfmt_misc: what begins as the
// program does (ELF's header as far as it names the processor) is for the
// interpreter.
func binfmtRule(interpreter, program string) (string, error) {
	f, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 20)
	if _, err := io.ReadFull(f, head); err != nil {
		return "", err
	}
	var magic strings.Builder
	for _, b := range head {
		fmt.Fprintf(&magic, `\x%02x`, b)
	}
	return fmt.Sprintf(":homeward:M::%s::%s:", &magic, interpreter), nil
}
