#!/usr/bin/env bash
# A real SLURM on this one machine, for test/cluster/slurm-live.test.ts and for trying `hipmri submit`: Debian's slurm-wlm
# in a container without systemd. It is a test bench and no set-up to copy: processes are found by /proc, nothing is held
# to its memory, and there is no accounting database.
#   scripts/slurm_single_node.sh start     installs where root and apt can, starts, waits until the node is idle
#   scripts/slurm_single_node.sh stop      ends what it started; jobs are cancelled
#   scripts/slurm_single_node.sh install | status
# Ended jobs are listed in $STATE/jobcomp.txt. HIPMRI_SLURM_CPUS sets how many CPUs the node says it has (default: all).
set -euo pipefail

readonly STATE=/var/lib/hipmri-slurm
readonly MUNGE=/run/munge
export SLURM_CONF="$STATE/slurm.conf"
# Where sbatch and slurmd look when no variable says otherwise.
readonly DEFAULT_CONF=/etc/slurm/slurm.conf

die() {
  echo "slurm_single_node: $*" >&2
  exit 1
}

has_slurm() {
  command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null
}

install_slurm() {
  if has_slurm; then return; fi
  [ "$(id -u)" = 0 ] || die "slurm-wlm is not installed, and only root can install it"
  command -v apt-get >/dev/null || die "slurm-wlm is not installed, and there is no apt-get"
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  timeout 120 "${apt[@]}" update >/dev/null || true
  DEBIAN_FRONTEND=noninteractive timeout 300 "${apt[@]}" install -y --no-install-recommends slurm-wlm munge >/dev/null ||
    die "cannot install slurm-wlm"
}

# Ours: what a machine's own SLURM has is never touched.
write_config() {
  if [ -e "$DEFAULT_CONF" ] && [ ! -L "$DEFAULT_CONF" ]; then
    die "$DEFAULT_CONF is there already: this machine has a SLURM of its own"
  fi
  mkdir -p "$STATE"/ctld "$STATE"/slurmd /etc/slurm
  local cpus memory_mb
  cpus="${HIPMRI_SLURM_CPUS:-$(nproc)}"
  memory_mb=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 9 / 10240))
  cat >"$SLURM_CONF" <<CONF
ClusterName=hipmri
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/slurmd
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
# No cgroup is needed.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=1000
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=200000
PriorityType=priority/basic
# A requeued job begins once its old credential has lapsed, by default after two minutes.
AuthInfo=cred_expire=5
CompleteWait=0
KillWait=10
OverTimeLimit=0
MinJobAge=3600
JobRequeue=1
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$STATE/jobcomp.txt
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory_mb State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  echo "CgroupAutomount=no" >"$STATE/cgroup.conf"
  ln -sfn "$SLURM_CONF" "$DEFAULT_CONF"
}

is_running() { # pid file
  [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null
}

start_munge() {
  if munge -n >/dev/null 2>&1; then return; fi
  mkdir -p "$MUNGE" /var/log/munge /var/lib/munge /etc/munge
  if [ ! -s /etc/munge/munge.key ]; then
    (umask 077 && head -c 128 /dev/urandom >/etc/munge/munge.key)
  fi
  chown -R munge: "$MUNGE" /var/log/munge /var/lib/munge /etc/munge
  chmod 755 "$MUNGE"
  setpriv --reuid munge --regid munge --clear-groups munged
  munge -n >/dev/null || die "munged does not answer: see /var/log/munge/munged.log"
}

is_idle() {
  [ "$(timeout 5 sinfo --noheader --format=%T 2>/dev/null)" = idle ]
}

start() {
  install_slurm
  [ "$(id -u)" = 0 ] || die "only root can start SLURM's daemons"
  write_config
  start_munge
  # Both end what they are from: nothing of this script's is held open.
  is_running "$STATE/slurmctld.pid" || setsid slurmctld </dev/null >/dev/null 2>&1
  is_running "$STATE/slurmd.pid" || setsid slurmd </dev/null >/dev/null 2>&1
  for _ in $(seq 60); do
    if is_answering; then
      sinfo
      return
    fi
    sleep 0.5
  done
  sinfo || true
  tail -n 5 "$STATE/slurmctld.log" "$STATE/slurmd.log" >&2 || true
  die "the node did not become idle within 30 s"
}

# Jobs that run already are no reason to wait.
is_answering() {
  is_idle || [[ "$(timeout 5 sinfo --noheader --format=%T 2>/dev/null)" =~ ^(mixed|allocated|completing)$ ]]
}

stop() {
  if is_running "$STATE/slurmctld.pid"; then timeout 10 scancel --full --user="$(id -un)" 2>/dev/null || true; fi
  local pid name
  for name in slurmd slurmctld; do
    if is_running "$STATE/$name.pid"; then
      pid="$(cat "$STATE/$name.pid")"
      kill "$pid"
      for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    fi
  done
  if [ -L "$DEFAULT_CONF" ] && [ "$(readlink "$DEFAULT_CONF")" = "$SLURM_CONF" ]; then rm "$DEFAULT_CONF"; fi
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  install) install_slurm ;;
  status) sinfo && squeue ;;
  *) die "say start, stop, install or status" ;;
esac
