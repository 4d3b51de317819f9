package main

import (
	"fmt"
	"slices"
	"strings"
)

// arch is one of OpenWrt's architectures with what Go must know to build for
// it.
type arch struct {
	name string
	env  []string // GOARCH and, where there is a choice, the variant
}

// archs is the one table of what is built. ARM without an FPU in its name has
// none: GOARM=5. MIPS of routers has none, and the Geode of pentium-mmx lacks
// SSE2: softfloat.
func archs() []arch {
	arm64 := []string{"GOARCH=arm64"}
	arm7, arm6 := []string{"GOARCH=arm", "GOARM=7"}, []string{"GOARCH=arm", "GOARM=6"}
	arm5 := []string{"GOARCH=arm", "GOARM=5"}
	mipsle := []string{"GOARCH=mipsle", "GOMIPS=softfloat"}
	return []arch{
		{"aarch64_cortex-a53", arm64},
		{"aarch64_cortex-a72", arm64},
		{"aarch64_cortex-a76", arm64},
		{"aarch64_generic", arm64},
		{"arm_cortex-a7_neon-vfpv4", arm7},
		{"arm_cortex-a15_neon-vfpv4", arm7},
		{"arm_cortex-a9_vfpv3-d16", arm7},
		{"arm_cortex-a8_vfpv3", arm7},
		{"arm_cortex-a5_vfpv4", arm7},
		{"arm_arm1176jzf-s_vfp", arm6},
		{"arm_cortex-a9", arm5},
		{"arm_cortex-a7", arm5},
		{"arm_arm926ej-s", arm5},
		{"arm_xscale", arm5},
		{"mipsel_24kc", mipsle},
		{"mipsel_74kc", mipsle},
		{"mips_24kc", []string{"GOARCH=mips", "GOMIPS=softfloat"}},
		{"x86_64", []string{"GOARCH=amd64"}},
		{"i386_pentium4", []string{"GOARCH=386", "GO386=sse2"}},
		{"i386_pentium-mmx", []string{"GOARCH=386", "GO386=softfloat"}},
		{"riscv64_generic", []string{"GOARCH=riscv64"}},
	}
}

// findArch returns the architecture of that name, or all names.
func findArch(name string) (arch, error) {
	list := archs()
	i := slices.IndexFunc(list, func(a arch) bool { return a.name == name })
	if i >= 0 {
		return list[i], nil
	}
	var names []string
	for _, a := range list {
		names = append(names, a.name)
	}
	return arch{}, fmt.Errorf("architecture %q is not known; these are: %s", name, strings.Join(names, ", "))
}
