#!/bin/busybox sh
# The flash's init: it runs each line that comes over the serial console, and
# says when it begins and how it ended.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
stty -echo
export PATH=/bin GOMAXPROCS=1
echo "@ready"
while read -r line; do
	echo "@go"
	eval "$line"
	echo "@done $?"
done
