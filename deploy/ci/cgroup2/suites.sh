#!/bin/bash
# What the virtual machine of boot.sh runs: the sandbox's suites as root where systemd has given
# a cgroup away, and as an ordinary user who was given one; then those of limits and leftovers
# in every other place that an executor may find itself in. Fails when one of them does.
set -uo pipefail
cd /ignis || exit 1

cgroup=/sys/fs/cgroup
user=1000
whole=(tests/integration/executor/sandbox tests/security)
short=(tests/integration/executor/sandbox/test_{driver,limits,lifecycle}.py -k "not ordinary and not docker")
mapfile -d '' options <options
if [ ${#options[@]} != 0 ]; then
  whole=("${options[@]}")
  short=("${options[@]}")
fi
export PYTHONPATH=/ignis:/ignis/services:/ignis/packages PYTHONDONTWRITEBYTECODE=1 PY_COLORS=0
export CI=true # where docker is here, its tests don't skip
failed=()
summary=()

# Make a cgroup with the controllers that systemd gives to all units.
unit() {
  local path=$cgroup part
  for part in ${1//\// }; do
    echo "+cpu +memory +pids" >"$path/cgroup.subtree_control"
    path+=/$part
    mkdir -p "$path"
  done
}

# Run a command in a cgroup, and keep the last line that it prints.
place() {
  local name=$1 unit=$2 log
  shift 2
  log=/tmp/${name//[^a-z]/-}.log
  echo "=== $name (${unit:-/})"
  (
    echo "$BASHPID" >"$cgroup/$unit/cgroup.procs"
    exec "$@"
  ) 2>&1 | tee "$log" || failed+=("$name")
  summary+=("$name: $(tail -n 1 "$log")")
}

tests() { python3 -m pytest -q -p no:cacheprovider --timeout=600 "$@"; }
export -f tests

start_docker() {
  unit system.slice/docker.service
  (
    echo "$BASHPID" >"$cgroup/system.slice/docker.service/cgroup.procs"
    exec dockerd --bridge=none --iptables=false --ip6tables=false >/tmp/dockerd.log 2>&1
  ) &
  for _ in $(seq 300); do
    if docker version >/dev/null 2>&1; then break; fi
    sleep 1
  done
  tar --one-file-system -C / --exclude=./tmp --exclude=./boot --exclude=./usr/lib/modules \
    --exclude=./var/lib/docker --exclude=./var/cache --exclude=./usr/share/doc -c . |
    docker import - ignis-ci-base >/dev/null ||
    { tail -n 5 /tmp/dockerd.log; failed+=("docker's engine"); }
}

uname -rv
unit init.scope
while read -r pid; do
  echo "$pid" >$cgroup/init.scope/cgroup.procs
done <$cgroup/cgroup.procs 2>/dev/null

if grep -q ignis.docker=no /proc/cmdline; then
  echo "The processor is emulated: the docker driver is left out."
  export IGNIS_TEST_SLOWER=8
  [ ${#options[@]} != 0 ] || whole+=(-k "not docker")
elif [ ${#options[@]} = 0 ]; then
  start_docker
fi

unit system.slice/ignis.service
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.delegate", b"1")' \
  $cgroup/system.slice/ignis.service
place "root, given a cgroup by systemd" system.slice/ignis.service \
  bash -c 'tests "$@"' tests "${whole[@]}"

given=user.slice/user-$user.slice/user@$user.service/ignis.scope
unit $given
[ ${#options[@]} != 0 ] || whole=("${whole[@]:0:2}" -k "not docker")
chown $user $cgroup/$given $cgroup/$given/cgroup.{procs,threads,subtree_control}
place "ordinary user, given a cgroup by systemd" $given \
  env HOME=/tmp IGNIS_TEST_DELEGATED=1 setpriv --reuid=$user --regid=$user --clear-groups \
  bash -c 'tests "$@"' tests "${whole[@]}"

place "root without systemd" "" bash -c 'tests "$@"' tests "${short[@]}"

unit user.slice/user-0.slice/session-1.scope
sleep infinity &
echo $! >$cgroup/user.slice/user-0.slice/session-1.scope/cgroup.procs
place "root in a login of others" user.slice/user-0.slice/session-1.scope \
  bash -c 'tests "$@"' tests "${short[@]}"

unit system.slice/container.scope
place "root of a container" system.slice/container.scope unshare --cgroup --mount \
  bash -c 'sleep infinity >/dev/null 2>&1 & umount -l /sys/fs/cgroup &&
    mount -t cgroup2 cgroup2 /sys/fs/cgroup && tests "$@"' tests "${short[@]}"

echo "=== test-cgroup2"
printf '%s\n' "${summary[@]}"
if [ ${#failed[@]} != 0 ]; then printf 'failed: %s\n' "${failed[@]}"; exit 1; fi
