package main

import (
	"context"
	_ "embed" // init.sh and guest.sh
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed init.sh
var initScript string

//go:embed guest.sh
var guestScript string

// build writes the program as shipped for a processor, which is named by Go's
// environment: GOARCH=arm GOARM=5, say.
func build(ctx context.Context, file string, env []string) error {
	cmd := exec.CommandContext(ctx, "make", "--no-print-directory", "build", "BIN="+file)
	cmd.Env = append(os.Environ(), append([]string{"GOOS=linux"}, env...)...)
	return quietly(cmd)
}

// flashTree makes the tree of a router's flash: the program, its configuration
// and the authority it trusts.
func flashTree(dir string, busybox, program string, config, authority []byte) error {
	for _, d := range []string{"bin", "etc", "dev", "proc", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	return firstError(
		copyFile(filepath.Join(dir, "bin/busybox"), busybox),
		copyFile(filepath.Join(dir, "bin/homeward"), program),
		os.WriteFile(filepath.Join(dir, "init"), []byte(guestScript), 0o755),
		os.WriteFile(filepath.Join(dir, "etc/homeward.toml"), config, 0o600),
		os.WriteFile(filepath.Join(dir, "etc/authority.pem"), authority, 0o644),
	)
}

// squash packs the tree as OpenWrt does: xz in blocks of 256 KiB.
func squash(ctx context.Context, tree, image string) error {
	return quietly(exec.CommandContext(ctx, "mksquashfs", tree, image, "-comp", "xz", "-b", "256K", "-all-root", "-noappend"))
}

// initramfs writes what mounts the flash: busybox and the modules.
func initramfs(work string, p parts, image string) error {
	dir := filepath.Join(work, "initramfs")
	for _, d := range []string{"bin", "dev", "proc", "flash"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	err := firstError(
		copyFile(filepath.Join(dir, "bin/busybox"), p.busybox),
		os.CopyFS(filepath.Join(dir, "modules"), os.DirFS(p.modules)),
		os.WriteFile(filepath.Join(dir, "init"), []byte(initScript), 0o755),
	)
	if err != nil {
		return err
	}
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	return firstError(writeCPIO(f, dir), f.Close())
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
