#!/usr/bin/env bash
# Runs suites.sh on a stock Debian kernel with cgroup v2: in a virtual machine without a network,
# on the code of this work tree and the packages of its .venv. Exits with the suites' status; 77
# where /dev/kvm doesn't open, 124 when it took longer than MINUTES.
#   deploy/ci/cgroup2/boot.sh [pytest option...]    the options take the place of the suites
# ACCEL=tcg emulates the processor, which needs no /dev/kvm and takes ten times as long; the docker
# driver is left out then.
set -euo pipefail
cd "$(dirname "$0")/../../.."

folder=build/cgroup2
accel=${ACCEL:-kvm}
minutes=${MINUTES:-60}
boot_seconds=60 # in which a processor that isn't emulated has booted many times over
no_kvm=77
too_long=124

say() { echo "test-cgroup2: $*" >&2; }

# Boot; returns 1 when the kernel didn't come up in $1 seconds, or qemu's own status.
boot() {
  local waited=0 cpu=host docker=yes
  if [ "$accel" = tcg ]; then cpu=max docker=no; fi
  : >"$folder/status"
  qemu-system-x86_64 \
    -nodefaults -no-user-config -no-reboot -display none \
    -machine "q35,accel=$accel" -cpu "$cpu" -smp 2 -m "${MEMORY_MB:-4096}" \
    -kernel "$folder/vmlinuz" -initrd "$folder/initrd.img" \
    -append "root=/dev/vda ro console=ttyS0 quiet panic=-1 init=/sbin/ignis-init ignis.docker=$docker" \
    -drive "file=$folder/root.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$stage.ext4,format=raw,if=virtio,readonly=on" \
    -serial "file:$folder/console.log" -serial stdio -serial "file:$folder/status" \
    </dev/null 2>"$folder/qemu.log" &
  machine=$!
  while kill -0 "$machine" 2>/dev/null; do
    if [ "$waited" -ge "$1" ] && [ ! -s "$folder/status" ]; then
      kill "$machine"
      wait "$machine" || true
      return 1
    fi
    if [ "$waited" -ge $((minutes * 60)) ]; then
      say "not done after $minutes minutes (MINUTES)"
      exit "$too_long"
    fi
    sleep 1
    waited=$((waited + 1))
  done
  wait "$machine"
}

if [ "$accel" = kvm ] && ! { [ -c /dev/kvm ] && (exec 3<>/dev/kvm) 2>/dev/null; }; then
  say "/dev/kvm doesn't open here: it needs a machine and a user that may run virtual machines."
  say "Nothing was tested. ACCEL=tcg emulates a processor, and takes ten times as long."
  exit "$no_kvm"
fi
[ "$(uname -m)" = x86_64 ] || { say "knows x86_64, not $(uname -m)"; exit 1; }
command -v qemu-system-x86_64 >/dev/null ||
  { say "apt-get install --no-install-recommends qemu-system-x86"; exit 1; }

mkdir -p "$folder"
deploy/ci/cgroup2/root-image.sh "$folder"

# The project's disk: what git knows, generated code, and the packages that the tests import.
stage=$(mktemp -d "$folder/project.XXXXXX")
machine=
trap 'rm -rf "$stage" "$stage.ext4"; [ -z "$machine" ] || kill "$machine" 2>/dev/null || true' EXIT
git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' name; do if [ -e "$name" ]; then printf '%s\0' "$name"; fi; done |
  xargs -0 cp --parents --preserve=mode -t "$stage"
cp -r services/ignis/v1 "$stage/services/ignis/"
cp -r "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" "$stage/packages"
if [ $# != 0 ]; then printf '%s\0' "$@"; fi >"$stage/options"
chmod -R u=rwX,go=rX "$stage"
mkfs.ext4 -q -F -E root_owner=0:0 -d "$stage" "$stage.ext4" 1G >/dev/null
rm -rf "$stage"

status=0
boot "$boot_seconds" || status=$?
if [ "$accel" = kvm ] && [ ! -s "$folder/status" ]; then
  say "/dev/kvm opens, but this kernel doesn't boot on it (a virtual machine's own KVM may be"
  say "unable to). Its processor is emulated instead: ten times as slow, so tests of time may fail."
  accel=tcg
  status=0
  boot $((minutes * 60)) || status=$?
fi
told=$(tail -n 1 "$folder/status")
if [ "$status" != 0 ] || ! [[ $told =~ ^[0-9]+$ ]]; then
  tail -n 20 "$folder/qemu.log" "$folder/console.log" >&2
  say "the virtual machine ended with $status and told no result; above is what it said"
  exit 1
fi
exit "$told"
