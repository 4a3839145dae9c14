/** PID 1 of a machine that does by hand, with a key it was given, what a sealed VM's agent does: the same programs with the
 *  same parameters, and neither Node nor a network to ask. `by-hand=format|unlock` on the kernel's line says which. */
export const byHandInit = `#!/bin/sh
export PATH=/bin:/sbin:/usr/sbin:/usr/bin HOME=/ DM_DISABLE_UDEV=1
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
exec </dev/console >/dev/console 2>&1
set -e
while read -r module; do insmod "/modules/$module"; done </modules/order
read -r line </proc/cmdline
for word in $line; do
  case $word in
    hcc.base=*) base=\${word#hcc.base=} ;;
    by-hand=*) what=\${word#by-hand=} ;;
  esac
done
disk() {
  while :; do
    for dir in /sys/block/vd*; do
      [ "$(cat "$dir/serial")" = "$1" ] && echo "/dev/\${dir#/sys/block/}" && return
    done
  done
}
volume=$(disk hcc-volume)
head=/run/head
key="--key-file /by-hand/key --keyfile-size 64"
if [ "$what" = format ]; then
  dd if=/dev/zero of=$head bs=1M count=1
  cryptsetup luksFormat --batch-mode --type luks2 --header $head $key --cipher aes-xts-plain64 --key-size 512 \\
    --sector-size 4096 --use-urandom --luks2-metadata-size 16k --luks2-keyslots-size 256k --offset 2048 \\
    --pbkdf argon2id --pbkdf-force-iterations 4 --pbkdf-memory 32768 --pbkdf-parallel 1 "$volume"
  cryptsetup open --type luks2 --header $head $key "$volume" hcc-volume
  hash=\${base%%:*}
  rest=\${base#*:}
  veritysetup open --ignore-zero-blocks --no-superblock --format=1 --hash=sha256 --data-block-size=4096 \\
    --hash-block-size=4096 --data-blocks="\${rest#*:}" --salt="\${rest%%:*}" "$(disk hcc-base)" hcc-base "$(disk hcc-tree)" "$hash"
  dd if=/dev/mapper/hcc-base of=/dev/mapper/hcc-volume bs=4M conv=fsync
  veritysetup close hcc-base
  dd if=$head of="$volume" bs=1M conv=notrunc,fsync
else
  dd if="$volume" of=$head bs=1M count=1
  cryptsetup open --type luks2 --header $head $key "$volume" hcc-volume
fi
mount -t ext4 -o rw,noatime /dev/mapper/hcc-volume /root
resize2fs /dev/mapper/hcc-volume
mkdir -p /root/var/lib/hcc /root/etc/dropbear
echo 1 >/root/var/lib/hcc/boot-counter
busybox cp /by-hand/host_key /by-hand/host_key.pub /root/etc/dropbear/
sync
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /root/run
mkdir -p /root/run/hcc/ssh
busybox chmod 700 /root/run/hcc /root/run/hcc/ssh
busybox cp /by-hand/authorized_keys /root/run/hcc/ssh/authorized_keys
echo by-hand >/root/run/hcc/hostname
echo by-hand >/proc/sys/kernel/hostname
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
echo sealed >/root/run/hcc/sealed
echo "by hand: handing over"
mount -o move /dev /root/dev
mount -o move /proc /root/proc
mount -o move /sys /root/sys
exec switch_root /root /sbin/init
`;
