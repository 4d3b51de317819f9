package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tool is a program this needs, and Debian's package of it.
type tool struct{ program, pkg string }

// need installs the tools that are missing, where it may.
func need(ctx context.Context, tools []tool) error {
	var missing []string
	for _, t := range tools {
		if _, err := exec.LookPath(t.program); err != nil && !slices.Contains(missing, t.pkg) {
			missing = append(missing, t.pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	packages := strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("missing: %s; as root: apt-get install --no-install-recommends %s", packages, packages)
	}
	fmt.Printf("installing %s\n", packages)
	install := append([]string{"install", "-y", "--no-install-recommends"}, missing...)
	if aptGet(ctx, "", install...) == nil {
		return nil
	}
	if err := aptGet(ctx, "", "update"); err != nil { // the lists may be missing or old
		return err
	}
	if err := aptGet(ctx, "", install...); err != nil {
		return fmt.Errorf("the packages %s cannot be installed, and nothing is emulated without them: %w", packages, err)
	}
	return nil
}

// aptGet runs apt-get; conf is a private configuration, "" the machine's.
func aptGet(ctx context.Context, conf string, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if conf != "" {
		cmd.Env = append(cmd.Env, "APT_CONFIG="+conf)
		cmd.Dir = filepath.Dir(conf)
	}
	return quietly(cmd)
}

// quietly runs a command; its output is shown only as part of the error.
func quietly(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// parts are the files a machine boots from, of one architecture.
type parts struct{ kernel, busybox, modules string }

// fetch brings the kernel, its modules and busybox of a Debian architecture
// into the cache, unless they are there.
func fetch(ctx context.Context, cache, arch, kernel string) (parts, error) {
	dir := filepath.Join(cache, kernel)
	p := parts{filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "busybox"), filepath.Join(dir, "modules")}
	if _, err := os.Stat(dir); err == nil {
		return p, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return p, err
	}
	tmp, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(tmp)
	fmt.Printf("fetching %s and busybox-static for %s\n", kernel, arch)
	root, err := unpacked(ctx, tmp, arch, kernel)
	if err != nil {
		return p, err
	}
	done := filepath.Join(tmp, "done")
	if err := keep(ctx, root, done); err != nil {
		return p, err
	}
	err = os.Rename(done, dir) // whole or not at all
	if _, there := os.Stat(dir); there == nil {
		return p, nil // or another run was first
	}
	return p, err
}

// unpacked returns a folder with the packages' files in it.
func unpacked(ctx context.Context, tmp, arch, kernel string) (string, error) {
	conf, err := aptConf(tmp, arch)
	if err != nil {
		return "", err
	}
	if err := aptGet(ctx, conf, "update"); err != nil {
		return "", err
	}
	depends := exec.CommandContext(ctx, "apt-cache", "depends", kernel)
	depends.Env = append(os.Environ(), "APT_CONFIG="+conf)
	out, _ := depends.Output() // an unknown package has none
	image := firstDepends(string(out))
	if image == "" {
		return "", fmt.Errorf("this machine's archive has no %s for %s: the emulated machines need Debian 12's", kernel, arch)
	}
	if err := aptGet(ctx, conf, "download", image, "busybox-static"); err != nil {
		return "", err
	}
	debs, _ := filepath.Glob(filepath.Join(tmp, "*.deb"))
	root := filepath.Join(tmp, "root")
	for _, deb := range debs {
		if err := quietly(exec.CommandContext(ctx, "dpkg", "-x", deb, root)); err != nil {
			return "", err
		}
	}
	return root, nil
}

// firstDepends is the first package in the answer of apt-cache depends.
func firstDepends(answer string) string {
	for line := range strings.Lines(answer) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok {
			return name
		}
	}
	return ""
}

// aptConf writes apt a configuration and folders of its own: of the machine's
// it has only the sources, for a foreign architecture.
func aptConf(dir, arch string) (string, error) {
	sources, err := debianSources("/etc/apt")
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, s := range sources {
		fmt.Fprintln(&lines, s.line(arch))
	}
	conf := fmt.Sprintf(`APT::Architecture %[2]q;
APT::Architectures { %[2]q; };
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
Dir::State "%[1]s/state";
Dir::State::status "%[1]s/state/status";
Dir::Cache "%[1]s/cache";
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "-";
`, dir, arch)
	if os.Geteuid() == 0 {
		conf += "APT::Sandbox::User \"root\";\n" // _apt may not write here
	}
	for _, d := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return "", err
		}
	}
	for name, text := range map[string]string{"state/status": "", "sources.list": lines.String(), "apt.conf": conf} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "apt.conf"), nil
}

// keep copies what a machine boots from out of root: the rest of a kernel
// package is a hundred times as big.
func keep(ctx context.Context, root, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "modules"), 0o755); err != nil {
		return err
	}
	images, _ := filepath.Glob(filepath.Join(root, "boot/vmlinuz-*"))
	if len(images) != 1 {
		return fmt.Errorf("the kernel's package has %d kernels in boot/, want 1", len(images))
	}
	if err := os.Rename(images[0], filepath.Join(dir, "vmlinuz")); err != nil {
		return err
	}
	busybox := filepath.Join(root, "bin/busybox")
	if _, err := os.Stat(busybox); err != nil {
		busybox = filepath.Join(root, "usr/bin/busybox") // from Debian 13 on
	}
	if err := os.Rename(busybox, filepath.Join(dir, "busybox")); err != nil {
		return err
	}
	return keepModules(ctx, root, filepath.Join(dir, "modules"))
}
