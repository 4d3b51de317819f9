# Packages for OpenWrt without its SDK, to be included by the Makefile at the
# root, where it runs.
#
#   ARCH=…               make package: the OpenWrt architecture, as DISTRIB_ARCH
#                        in /etc/openwrt_release on the router names it
#   DIST=dist            where the packages go: DIST/ARCHITECTURE, each a feed
#   SOURCE_DATE_EPOCH=…  the time of every file, in seconds; the last commit's
#   APK_KEY=file         sign .apk and packages.adb: EC prime256v1, PEM
#   OPKG_KEY=file        sign Packages: a secret key of usign -G
#   TAG=v1.2.0           package-source and recipe: the commit; HEAD unless told
#   SITE=https://…       recipe: the project's page; its releases have the archive
#   MAINTAINER='N <m@x>' recipe: who looks after it in the feeds
#
# Version and release are those of openwrt/Makefile, the feed's recipe.

DIST ?= dist
TAG ?= HEAD
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH APK_KEY OPKG_KEY

# GOARCH and its like may name another machine: not the one mkpkg runs on.
MKPKG := env -u GOOS -u GOARCH -u GOARM -u GOMIPS -u GO386 go run ./openwrt/mkpkg -dist '$(DIST)'
PKG_NAME_VERSION = homeward-$(shell git show '$(TAG):openwrt/Makefile' | sed -n 's/^PKG_VERSION:=//p')

.PHONY: package packages package-table package-source recipe

package: ## the packages of one architecture, ARCH=aarch64_cortex-a53 and so on
	@test -n '$(ARCH)' || { echo 'ARCH is missing; make package ARCH=… takes one of these:'; $(MKPKG) -list; exit 2; } >&2
	@$(MKPKG) -arch '$(ARCH)'

packages: ## the packages of every architecture, and a table of their sizes
	@$(MKPKG) -all

package-table: ## the same, and the table into openwrt/README.md
	@$(MKPKG) -all -readme openwrt/README.md

package-source: ## the source archive that the feed's recipe builds from
	@mkdir -p '$(DIST)'
	@git archive --prefix=$(PKG_NAME_VERSION)/ -o '$(DIST)/$(PKG_NAME_VERSION).tar.gz' $(TAG)
	@cd '$(DIST)' && sha256sum $(PKG_NAME_VERSION).tar.gz

recipe: ## what to propose to OpenWrt's feeds, in DIST/recipe: SITE=https://… MAINTAINER='Name <mail>' TAG=v1.2.0
	@test -n '$(SITE)' && test -n '$(MAINTAINER)' || { echo "make recipe needs SITE=https://… and MAINTAINER='Name <mail>'"; exit 2; } >&2
	@test '$(PKG_NAME_VERSION)' = 'homeward-$(TAG:v%=%)' || echo "make recipe: $(TAG) is not the tag of this version: its release must have the archive that is made now" >&2
	@$(MAKE) --no-print-directory package-source
	@rm -rf '$(DIST)/recipe' && mkdir -p '$(DIST)/recipe/packages/net/homeward' '$(DIST)/recipe/luci/applications'
	@git archive $(TAG) openwrt | tar -x -C '$(DIST)/recipe'
	@cd '$(DIST)/recipe' && mv openwrt/Makefile openwrt/test.sh openwrt/test-version.sh packages/net/homeward/ && \
		mv openwrt/luci-app-homeward luci/applications/ && rm -r openwrt luci/applications/luci-app-homeward/state.png
	@hash=$$(sha256sum '$(DIST)/$(PKG_NAME_VERSION).tar.gz' | cut -d ' ' -f 1) && cd '$(DIST)/recipe' && \
		sed -i -e 's|^PKG_SOURCE_URL:=.*|PKG_SOURCE_URL:=$(SITE)/releases/download/v$$(PKG_VERSION)|' -e "s|^PKG_HASH:=.*|PKG_HASH:=$$hash|" \
			-e 's|^PKG_MAINTAINER:=.*|PKG_MAINTAINER:=$(MAINTAINER)|' -e "s,^\\(  URL\\|LUCI_URL\\):=.*,\\1:=$(SITE)," \
			-e 's|^include .*/luci.mk|include ../../luci.mk|' -e '/^# The archive that/,/^# the release page/d' packages/net/homeward/Makefile luci/applications/luci-app-homeward/Makefile
	@! grep -rn 'example.org/homeward\|homeward@example.org' '$(DIST)/recipe' --include=Makefile
	@echo 'the recipes are in $(DIST)/recipe, their archive is $(DIST)/$(PKG_NAME_VERSION).tar.gz'
