package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// recipeDefaults takes version and release from the feed's recipe, where they
// stand, unless they are given.
func recipeDefaults(o *options) error {
	if o.version != "" && o.release != "" {
		return nil
	}
	file := filepath.Join(o.root, "openwrt", "Makefile")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for name, to := range map[string]*string{"PKG_VERSION": &o.version, "PKG_RELEASE": &o.release} {
		if *to != "" {
			continue
		}
		m := regexp.MustCompile(`(?m)^` + name + `:=(\S+)$`).FindSubmatch(text)
		if m == nil {
			return fmt.Errorf("%s: no line %s:=", file, name)
		}
		*to = string(m[1])
	}
	return nil
}
