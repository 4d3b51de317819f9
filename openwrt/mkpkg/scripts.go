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
	opkgPostinst = `#!/bin/sh
[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
default_postinst "$0" "$@"
ret=$?
` + reloadBus + `exit $ret
`
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
	postrm = `#!/bin/sh
[ "$1" = "upgrade" ] || [ "${PKG_UPGRADE}" = "1" ] || [ -n "${IPKG_INSTROOT}" ] && exit 0
rm -f /var/etc/homeward.toml /var/etc/homeward.toml.new /var/etc/homeward.toml.check
` + reloadBus + `exit 0
`
	// apk runs scripts under a name that says nothing of the package, and
	// leaves the user to the script.
	apkPostInstall = `[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
export root="${IPKG_INSTROOT}"
export pkgname="homeward"
add_group_and_user
default_postinst
ret=$?
` + reloadBus + `exit $ret
`
	apkPreDeinstall = `[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
export root="${IPKG_INSTROOT}"
export pkgname="homeward"
default_prerm
`
)

// openwrtAPK adds to the package what OpenWrt's own .apk carry: the scripts,
// and below lib/apk/packages what default_postinst and sysupgrade read there:
// the user, the files, the configuration files and their checksums as shipped.
func openwrtAPK(p Package) apkInput {
	p.Files = slices.Clone(p.Files)
	add := func(suffix, body string) {
		p.Files = append(p.Files, File{"lib/apk/packages/" + p.Name + suffix, 0o644, []byte(body)})
	}
	add(".rusers", p.User+"\n")
	var list []string
	for _, f := range p.Files {
		list = append(list, "/"+f.Path+"\n")
	}
	slices.Sort(list)
	var static strings.Builder
	for _, name := range p.Conffiles {
		fmt.Fprintf(&static, "%s %x\n", name, sha256.Sum256(p.body(name)))
	}
	add(".list", strings.Join(list, ""))
	add(".conffiles", strings.Join(p.Conffiles, "\n")+"\n")
	add(".conffiles_static", static.String())
	return apkInput{p, map[int]string{
		scriptPostInstall:   "#!/bin/sh\n" + apkPostInstall,
		scriptPreDeinstall:  "#!/bin/sh\n" + apkPreDeinstall,
		scriptPostDeinstall: postrm,
		scriptPostUpgrade:   "#!/bin/sh\nexport PKG_UPGRADE=1\n" + apkPostInstall,
	}}
}
