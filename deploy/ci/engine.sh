#!/usr/bin/env bash
# Gives CI a Docker Engine and an image to run programs in, without any registry. Uses the
# engine that answers, else installs and starts Debian's; needs root for that.
#   deploy/ci/engine.sh folder    leaves the pid of an engine that it started in folder/dockerd.pid
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$1
image=${IGNIS_TEST_IMAGE:-ignis-ci-base}
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

if ! docker image inspect "$image" >/dev/null 2>&1; then
  if ! command -v debootstrap >/dev/null; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends debootstrap
  fi
  deploy/ci/base-image.sh "$image"
fi
