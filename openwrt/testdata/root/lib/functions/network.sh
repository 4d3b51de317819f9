# Stands in for OpenWrt's: /up has a line `INTERFACE DEVICE` for each that is
# up. As there, the variable is left alone for an interface that is not known.
network_get_device() {
	local found

	record "network_get_device $2"
	found="$(sed -n "s/^$2 //p" /up)"
	[ -n "$found" ] || return 1
	eval "$1=\$found"
}
