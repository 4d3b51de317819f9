package main

import (
	"fmt"
	"os"
	"strings"
)

// machine is a router to emulate.
type machine struct {
	name    string
	arch    string   // Debian's name of the processor
	kernel  string   // Debian's package of the kernel
	env     []string // Go's names of the processor
	qemu    tool
	args    []string // what makes it this machine
	console string   // the kernel's name of the serial line
}

// machines are all there are; make check boots the first.
func machines() []machine {
	arm := tool{"qemu-system-arm", "qemu-system-arm"}
	// Debian's kernel for 32 bits does not reach what lies above 4 GiB.
	virt := []string{"-M", "virt,highmem=off", "-cpu", "cortex-a7"}
	return []machine{
		{"armv7, GOARM=5", "armhf", "linux-image-armmp", []string{"GOARCH=arm", "GOARM=5"}, arm, virt, "ttyAMA0"},
		{"armv7, GOARM=7", "armhf", "linux-image-armmp", []string{"GOARCH=arm", "GOARM=7"}, arm, virt, "ttyAMA0"},
		{"arm64", "arm64", "linux-image-cloud-arm64", []string{"GOARCH=arm64"},
			tool{"qemu-system-aarch64", "qemu-system-arm"}, []string{"-M", "virt", "-cpu", "cortex-a53"}, "ttyAMA0"},
		{"mipsel 24Kc", "mipsel", "linux-image-4kc-malta", []string{"GOARCH=mipsle", "GOMIPS=softfloat"},
			tool{"qemu-system-mipsel", "qemu-system-mips"}, []string{"-M", "malta", "-cpu", "24Kc"}, "ttyS0"},
	}
}

// The provider's network, as qemu plays it. Nothing but the stand-in, which
// is at the service's address, can be reached from it.
const (
	providerNet = "203.0.113.0/24"
	serviceAddr = "203.0.113.100"
	servicePort = "8443"
)

// commandLine starts m. standIn is the stand-in's address on this host.
func (m machine) commandLine(kernel, initrd, flash, standIn string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// qemu takes a comma for the end of a value unless it is doubled, and
	// splits the command as a shell does.
	helper := strings.ReplaceAll(fmt.Sprintf("'%s' connect %s", self, standIn), ",", ",,")
	netdev := fmt.Sprintf("user,id=wan,restrict=on,ipv6=off,net=%s,guestfwd=tcp:%s:%s-cmd:%s",
		providerNet, serviceAddr, servicePort, helper)
	return append(append([]string{m.qemu.program}, m.args...),
		"-m", "64M", "-display", "none", "-vga", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
		"-rtc", "base=utc", "-kernel", kernel, "-initrd", initrd,
		"-append", "console="+m.console+" quiet loglevel=3 panic=-1",
		"-drive", "if=none,id=flash,format=raw,readonly=on,file="+strings.ReplaceAll(flash, ",", ",,"),
		"-device", "virtio-blk-pci,drive=flash",
		"-netdev", netdev, "-device", "virtio-net-pci,netdev=wan,romfile=",
	), nil
}
