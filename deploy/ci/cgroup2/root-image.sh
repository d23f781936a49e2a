#!/usr/bin/env bash
# Makes the disk of the virtual machine that test-cgroup2 boots: a minimal Debian of this machine's
# release with its stock kernel (the cloud flavour), python3, Docker's engine and gcc. Needs root
# and debootstrap. Made once: what it makes stays until this folder's scripts change.
#   deploy/ci/cgroup2/root-image.sh folder    leaves root.ext4, vmlinuz and initrd.img in it
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")"

packages=linux-image-cloud-$(dpkg --print-architecture),python3,docker.io,gcc,libc6-dev
key=$(cat root-image.sh init.sh | sha256sum)-$packages
if [ "$(cat "$folder/root.key" 2>/dev/null)" = "$key" ]; then exit 0; fi

[ "$(id -u)" = 0 ] || { echo "root-image: needs root, to make a Debian with debootstrap" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "root-image: apt-get install debootstrap" >&2; exit 1; }

# The release of this machine, from the mirror that this machine's apt uses.
# shellcheck disable=SC1091 # the system's own
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt's own names
mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v codename="$codename" '$1 == codename && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || { echo "root-image: apt knows no mirror of $codename main" >&2; exit 1; }

echo "Making a Debian with its stock kernel (once; some minutes)"
rm -f "$folder/root.key"
mkdir -p "$folder/packages"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --cache-dir="$folder/packages" --variant=minbase --include="$packages" \
  "$codename" "$root" "$mirror" >"$folder/debootstrap.log" ||
  { tail -n 20 "$folder/debootstrap.log" >&2; exit 1; }
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
install -m 755 init.sh "$root/sbin/ignis-init"
mkdir "$root/ignis"
mv "$root"/boot/vmlinuz-* "$folder/vmlinuz"
mv "$root"/boot/initrd.img-* "$folder/initrd.img"
rm -f "$folder/root.ext4"
mkfs.ext4 -q -F -E root_owner=0:0 -d "$root" "$folder/root.ext4" 4G >/dev/null
echo "$key" >"$folder/root.key"
