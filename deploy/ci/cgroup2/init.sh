#!/bin/bash
# The first process of the virtual machine: mounts what systemd would, runs suites.sh of the
# project's disk with the second serial line as its terminal, and tells its status on the third.
# The first is the kernel's.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

finish() {
  echo "${status:-1}" >/dev/ttyS2
  sync
  echo o >/proc/sysrq-trigger
  sleep 60
}
trap finish EXIT

stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
echo booted >/dev/ttyS2
exec </dev/null >/dev/ttyS1 2>&1

mount -o remount,rw /
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
python3 -c '
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP'
hostname ignis-guest
mount -t ext4 -o ro /dev/vdb /ignis

/ignis/deploy/ci/cgroup2/suites.sh
status=$?
