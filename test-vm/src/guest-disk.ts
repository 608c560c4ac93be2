/**
 * Finding a disk in the guest by what it says its serial number is: names like sda come in any order. There is no udev
 * to ask, so it is looked for where each driver shows it in sysfs.
 */

/** A shell function `disk SERIAL`, which waits for that disk and prints its device. */
export const diskFunction = String.raw`
serial_of() {
  if [ -r $1/serial ]; then cat $1/serial; return; fi # virtio
  if [ -r $1/device/serial ]; then tr -d ' ' <$1/device/serial; return; fi # NVMe
  # Unit serial number page: four bytes of header. A USB disk's own may be there too, and is not always its stick's.
  up=$(readlink -f $1/device)
  while [ "$up" != / ]; do
    if [ -r $up/idVendor ]; then cat $up/serial 2>/dev/null; return; fi
    up=$(dirname $up)
  done
  [ ! -r $1/device/vpd_pg80 ] || tail -c +5 $1/device/vpd_pg80 | tr -d ' '
}
disk() {
  tries=0
  while [ $tries -lt 300 ]; do
    for path in /sys/block/*; do
      case $path in */loop* | */ram* | */dm-* | */md* | */sr*) continue ;; esac
      [ "$(serial_of $path)" != "$1" ] || { echo /dev/$(basename $path); return 0; }
    done
    tries=$((tries + 1))
    sleep 0.1
  done
  echo "no disk $1" >&2
  return 1
}
# Hot-plug protects a disk a moment after it is there; what sets it writable before that does it in vain.
writable() {
  tries=0
  until [ "$(cat /sys/block/$(basename $1)/ro)" = 1 ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "$1 is not protected" >&2; return 1; }
    sleep 0.1
  done
  blockdev --setrw $1
}
`;
