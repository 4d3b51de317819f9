package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// What a router runs as a package comes and goes. The work is done by
// OpenWrt's own /lib/functions.sh: default_postinst makes the user, enables
// and starts the service, default_prerm stops and disables it. An image
// builder sets IPKG_INSTROOT to the root it fills.
//
// ubusd learns of its ACLs, and rpcd of its plugins, as they start, and when
// they are told to.
const (
	opkgPrerm = `#!/bin/sh
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
default_prerm "$0" "$@"
`
	reloadBus = `[ -n "${IPKG_INSTROOT}" ] || killall -q -HUP ubusd
[ -n "${IPKG_INSTROOT}" ] || [ ! -x /etc/init.d/rpcd ] || /etc/init.d/rpcd reload
`
	// The generated configuration holds tokens. Of an upgrade it stays: the
	// new version goes on with it if the present configuration has a fault.
	removed = `rm -f /var/etc/homeward.toml /var/etc/homeward.toml.new /var/etc/homeward.toml.check
` + reloadBus
)

// opkgPostinst is what opkg runs once the package is there.
func opkgPostinst(p Package) string {
	return `#!/bin/sh
[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
default_postinst "$0" "$@"
ret=$?
` + p.Installed + `exit $ret
`
}

// postrm is what opkg and apk run once the package is gone, and not before an
// upgrade of it.
func postrm(p Package) string {
	return `#!/bin/sh
[ "$1" = "upgrade" ] || [ "${PKG_UPGRADE}" = "1" ] || [ -n "${IPKG_INSTROOT}" ] && exit 0
` + p.Removed + `exit 0
`
}

// apkHead begins the scripts of an .apk: apk runs them under a name that says
// nothing of the package.
func apkHead(p Package) string {
	return `[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
export root="${IPKG_INSTROOT}"
export pkgname="` + p.Name + `"
`
}

// apkPostInstall makes the user, too, which apk leaves to the script.
func apkPostInstall(p Package) string {
	return `[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
` + apkHead(p) + `add_group_and_user
default_postinst
ret=$?
` + p.Installed + `exit $ret
`
}

// openwrtAPK adds to the package what OpenWrt's own .apk carry: the scripts,
// and below lib/apk/packages what default_postinst and sysupgrade read there:
// the user, the files, the configuration files and their checksums as shipped.
func openwrtAPK(p Package) apkInput {
	p.Files = slices.Clone(p.Files)
	if p.Arch == "all" {
		p.Arch = "noarch" // apk's word for it
	}
	add := func(suffix, body string) {
		p.Files = append(p.Files, File{"lib/apk/packages/" + p.Name + suffix, 0o644, []byte(body)})
	}
	if p.User != "" {
		add(".rusers", p.User+"\n")
	}
	var list []string
	for _, f := range p.Files {
		list = append(list, "/"+f.Path+"\n")
	}
	slices.Sort(list)
	add(".list", strings.Join(list, ""))
	if len(p.Conffiles) > 0 {
		var static strings.Builder
		for _, name := range p.Conffiles {
			fmt.Fprintf(&static, "%s %x\n", name, sha256.Sum256(p.body(name)))
		}
		add(".conffiles", strings.Join(p.Conffiles, "\n")+"\n")
		add(".conffiles_static", static.String())
	}
	scripts := map[int]string{
		scriptPostInstall:  "#!/bin/sh\n" + apkPostInstall(p),
		scriptPreDeinstall: "#!/bin/sh\n" + apkHead(p) + "default_prerm\n",
		scriptPostUpgrade:  "#!/bin/sh\nexport PKG_UPGRADE=1\n" + apkPostInstall(p),
	}
	if p.Removed != "" {
		scripts[scriptPostDeinstall] = postrm(p)
	}
	return apkInput{p, scripts}
}
