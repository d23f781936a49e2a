#!/usr/bin/env bash
# Gives CI a Docker Engine and an image to run programs in, without any registry. Uses the
# engine that answers, else installs and starts Debian's; needs root for that.
#   deploy/ci/engine.sh folder    leaves the pid of an engine that it started in folder/dockerd.pid
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$1
image=${IGNIS_TEST_IMAGE:-ignis-ci-base}
packages=(gcc libc6-dev nodejs) # beside python3: the languages that the tests run in docker
mkdir -p "$folder"

answers() { docker version >/dev/null 2>&1; }

if ! answers; then
  if ! command -v dockerd >/dev/null; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends docker.io
  fi
  # No sandbox has a network: the engine needs no bridge, and no firewall of this machine.
  dockerd --bridge=none --iptables=false --ip6tables=false >"$folder/dockerd.log" 2>&1 &
  pid=$!
  echo "$pid" >"$folder/dockerd.pid"
  for _ in $(seq 300); do
    if answers; then break; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  answers || { tail -n 20 "$folder/dockerd.log" >&2; echo "engine: dockerd did not start" >&2; exit 1; }
fi

# An image of other packages is made again, and so is one that an older script made; whoever
# names an image of their own knows what is in it.
wanted=$(IFS=,; echo "python3,${packages[*]}")
label='{{.Id}} {{range $name, $text := .Config.Labels}}{{if eq $name "ignis.packages"}}{{$text}}{{end}}{{end}}'
about=$(docker image inspect --format "$label" "$image" 2>/dev/null || true)
read -r old found <<<"$about"
if [ -n "$old" ] && [ -z "$found" ] && [ -n "${IGNIS_TEST_IMAGE:-}" ]; then exit 0; fi
if [ "$found" != "$wanted" ]; then
  if ! command -v debootstrap >/dev/null; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends debootstrap
  fi
  deploy/ci/base-image.sh "$image" "${packages[@]}"
  # What was there before, unless it has another name, or a container uses it.
  tags=$(docker image inspect --format '{{len .RepoTags}}' "$old" 2>/dev/null || true)
  if [ -n "$old" ] && [ "$tags" = 0 ]; then docker image rm "$old" || true; fi
fi
