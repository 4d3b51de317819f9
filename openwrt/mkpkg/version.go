package main

import (
	"fmt"
	"regexp"
)

// apkVersion is apk's grammar (apk-package(5)): numbers, a letter, suffixes, a
// commit, a release. regexp may be used here: the tool is never shipped.
const apkVersion = `^[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(~[0-9a-f]+)?$`

// packageVersion returns the program's version with the package's release, as
// both apk and opkg of 24.10 write it: 1.0.0-r1.
func packageVersion(version, release string) (string, error) {
	if !regexp.MustCompile(apkVersion).MatchString(version) {
		return "", fmt.Errorf("version %q: apk takes 1.2.3 or 1.2.3_rc1, without a v in front and without a dash", version)
	}
	if !regexp.MustCompile(`^[0-9]+$`).MatchString(release) {
		return "", fmt.Errorf("release %q: a number, please", release)
	}
	return version + "-r" + release, nil
}
