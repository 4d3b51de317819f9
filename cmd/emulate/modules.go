package main

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// wanted are the modules a machine has, as far as its kernel has them as such:
// disk and network, the flash's file system, and the devices of a router.
func wanted() []string {
	return []string{"virtio_pci", "virtio_blk", "virtio_net", "squashfs", "bridge", "dummy"}
}

// keepModules copies the wanted modules, and those they depend on, out of a
// kernel's package; their names begin with their place in the order of loading.
func keepModules(ctx context.Context, root, dir string) error {
	files, builtin, err := findModules(root)
	if err != nil {
		return err
	}
	texts := map[string][]byte{}
	order, err := loadOrder(wanted(), builtin, func(name string) ([]string, error) {
		if files[name] == "" {
			return nil, fmt.Errorf("the kernel has no module %s", name)
		}
		text, err := readModule(ctx, files[name])
		texts[name] = text
		if err != nil {
			return nil, err
		}
		return moduleDepends(text)
	})
	if err != nil {
		return err
	}
	for i, name := range order {
		file := filepath.Join(dir, fmt.Sprintf("%02d-%s.ko", i, name))
		if err := os.WriteFile(file, texts[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// findModules returns the module files by name, and the names of those that
// are part of the kernel itself.
func findModules(root string) (files map[string]string, builtin map[string]bool, err error) {
	files, builtin = map[string]string{}, map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := filepath.Base(path)
		if strings.Contains(base, ".ko") && d.Type().IsRegular() {
			files[moduleName(base)] = path
		}
		if base != "modules.builtin" {
			return nil
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			builtin[moduleName(filepath.Base(strings.TrimSpace(line)))] = true
		}
		return err
	})
	return files, builtin, err
}

// moduleName is the kernel's name of a module file: - and _ are the same.
func moduleName(file string) string {
	name, _, _ := strings.Cut(file, ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// loadOrder is the order in which modules are to be loaded so that each finds
// what it depends on; none of those that are built in.
func loadOrder(names []string, builtin map[string]bool, depends func(string) ([]string, error)) ([]string, error) {
	var order []string
	begun := map[string]bool{}
	var visit func(string) error
	visit = func(name string) error {
		if begun[name] || builtin[name] {
			return nil
		}
		begun[name] = true
		on, err := depends(name)
		if err != nil {
			return err
		}
		for _, d := range on {
			if err := visit(moduleName(d)); err != nil {
				return err
			}
		}
		order = append(order, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// readModule reads a module, unpacked: Debian packs them from 13 on.
func readModule(ctx context.Context, file string) ([]byte, error) {
	if strings.HasSuffix(file, ".xz") {
		return exec.CommandContext(ctx, "xz", "-dc", file).Output()
	}
	return os.ReadFile(file)
}

// moduleDepends reads the depends= of a module's .modinfo section.
func moduleDepends(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("a module without .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok {
			return strings.FieldsFunc(list, func(r rune) bool { return r == ',' }), nil
		}
	}
	return nil, nil
}
