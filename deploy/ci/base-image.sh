#!/usr/bin/env bash
# Makes the image that CI runs programs in, without any registry: a minimal Debian with
# python3 and whatever packages are named. Needs root, debootstrap and an engine.
#   deploy/ci/base-image.sh [tag [package...]]
set -euo pipefail

tag=${1:-ignis-ci-base}
packages=python3
for package in "${@:2}"; do
  packages+=",$package"
done

# The release of this machine, from the mirror that this machine's apt uses.
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v codename="$codename" '$1 == codename && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || { echo "base-image: apt knows no mirror of $codename main" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include="$packages" "$codename" "$root" "$mirror"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
# The label tells an image of other packages from this one.
tar --one-file-system -C "$root" -c . | docker import --change "LABEL ignis.packages=$packages" - "$tag"
