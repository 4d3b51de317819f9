# Packages for OpenWrt without its SDK, to be included by the Makefile at the
# root, where it runs.
#
#   ARCH=…               make package: the OpenWrt architecture, as DISTRIB_ARCH
#                        in /etc/openwrt_release on the router names it
#   DIST=dist            where the packages go: DIST/ARCHITECTURE, each a feed
#   SOURCE_DATE_EPOCH=…  the time of every file, in seconds; the last commit's
#   APK_KEY=file         sign .apk and packages.adb: EC prime256v1, PEM
#   OPKG_KEY=file        sign Packages: a secret key of usign -G
#
# Version and release are those of openwrt/Makefile, the feed's recipe.

DIST ?= dist
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH APK_KEY OPKG_KEY

# GOARCH and its like may name another machine: not the one mkpkg runs on.
MKPKG := env -u GOOS -u GOARCH -u GOARM -u GOMIPS -u GO386 go run ./openwrt/mkpkg -dist '$(DIST)'
PKG_NAME_VERSION = homeward-$(shell sed -n 's/^PKG_VERSION:=//p' openwrt/Makefile)

.PHONY: package packages package-table package-source

package: ## the packages of one architecture, ARCH=aarch64_cortex-a53 and so on
	@test -n '$(ARCH)' || { echo 'ARCH is missing; make package ARCH=… takes one of these:'; $(MKPKG) -list; exit 2; } >&2
	@$(MKPKG) -arch '$(ARCH)'

packages: ## the packages of every architecture, and a table of their sizes
	@$(MKPKG) -all

package-table: ## the same, and the table into openwrt/README.md
	@$(MKPKG) -all -readme openwrt/README.md

package-source: ## the source archive that the feed's recipe builds from
	@mkdir -p '$(DIST)'
	@git archive --prefix=$(PKG_NAME_VERSION)/ -o '$(DIST)/$(PKG_NAME_VERSION).tar.gz' HEAD
	@cd '$(DIST)' && sha256sum $(PKG_NAME_VERSION).tar.gz
