#!/bin/sh
# The feed's CI runs this on the installed package: $1 its name, $2 its version.

case "$1" in
homeward)
	homeward --version | grep -F "$2" || exit 1

	conf="/tmp/homeward-test.$$.toml"
	trap 'rm -f "$conf"' EXIT
	umask 077
	printf '%s\n' '[account.home]' 'service = "ipv64"' 'domains = ["home.ipv64.net"]' \
		'token = "0123456789abcdefghijklmnopqrstuv"' > "$conf"
	homeward check -c "$conf" || { echo "FAIL: a valid configuration was refused"; exit 1; }
	printf '%s\n' '[account.home]' 'service = "nobody"' > "$conf"
	! homeward check -c "$conf" || { echo "FAIL: a faulty configuration was accepted"; exit 1; }
	;;
esac
