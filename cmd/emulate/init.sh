#!/bin/busybox sh
# The initramfs's init: from here to the flash. Without /proc busybox does not
# find its own applets.
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*; do
	insmod "$module" || echo "insmod $module: $?"
done
n=0
while [ ! -e /dev/vda ] && [ $n -lt 50 ]; do # a disk is found some time after its driver
	n=$((n + 1))
	sleep 0.1
done
mount -t squashfs -o ro /dev/vda /flash || poweroff -f
umount /dev
umount /proc
exec /bin/busybox switch_root /flash /init
