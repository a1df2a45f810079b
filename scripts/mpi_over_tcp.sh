#!/usr/bin/env bash
# Two network namespaces with host names of their own stand for two machines, joined by one virtual cable; mpirun starts
# ranks in both, which can reach each other over TCP alone. Shows what went over the cable. Needs root, iproute2 and
# Open MPI (Debian: apt install iproute2 openmpi-bin). Run with Open MPI 4.1.4 and iproute2 6.1.
#
#   scripts/mpi_over_tcp.sh [-n RANKS_PER_MACHINE] [-r RATE] [COMMAND ARGS…]
#
# RATE is that of the cable, as tc writes it ("1gbit"), each way; without it the cable is as fast as memory. COMMAND is
# what each rank runs; without one, the sums of test/support/mpi-ranks.js.
set -euo pipefail
cd "$(dirname "$0")/.."

per_machine=1 rate=""
while getopts n:r: flag; do
  case "$flag" in
    n) per_machine="$OPTARG" ;;
    r) rate="$OPTARG" ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
if [ $# = 0 ]; then
  node bin/build.js
  set -- node test/support/mpi-ranks.js sum
fi
mpirun="$(command -v mpirun.openmpi || command -v mpirun)"

# Names and addresses of this run alone, so that several can run at once.
id=$$
a="mpi-$id-a" b="mpi-$id-b" cable_a="va$id" cable_b="vb$id"
net="10.$((id / 256 % 128 + 64)).$((id % 256))"
scratch="$(mktemp -d)"
clean_up() {
  ip netns del "$a" 2>/dev/null || true
  ip netns del "$b" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT

ip netns add "$a"
ip netns add "$b"
ip link add "$cable_a" netns "$a" type veth peer name "$cable_b" netns "$b"
ip -n "$a" addr add "$net.1/24" dev "$cable_a"
ip -n "$b" addr add "$net.2/24" dev "$cable_b"
for end in "$a $cable_a" "$b $cable_b"; do
  read -r space cable <<<"$end"
  ip -n "$space" link set lo up
  ip -n "$space" link set "$cable" up
  if [ -n "$rate" ]; then
    tc -n "$space" qdisc add dev "$cable" root tbf rate "$rate" burst 128kb latency 50ms
  fi
done

# What mpirun calls in place of ssh: the address of the machine, then the words of a shell command.
cat >"$scratch/agent" <<AGENT
#!/usr/bin/env bash
[ "\$1" = "$net.2" ] || { echo "unknown machine \$1" >&2; exit 1; }
shift
exec ip netns exec "$b" unshare --uts sh -c 'hostname "$b"; exec sh -c "\$0"' "\$*"
AGENT
chmod +x "$scratch/agent"

sent() { ip -n "$a" -s -j link show "$cable_a" | node -e '
  const [{ stats64 }] = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log(stats64.rx.bytes, stats64.tx.bytes);'; }
read -r received_before sent_before <<<"$(sent)"
status=0
ip netns exec "$a" unshare --uts sh -c 'hostname "$0"; exec "$@"' "$a" \
  env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
  "$mpirun" --host "$net.1:$per_machine,$net.2:$per_machine" -n $((2 * per_machine)) --bind-to none \
  --mca plm rsh --mca plm_rsh_agent "$scratch/agent" \
  --mca oob_tcp_if_include "$net.0/24" --mca btl tcp,self --mca btl_tcp_if_include "$net.0/24" --mca pml ob1 \
  -x HIPMRI_MPI_LIBRARY="${HIPMRI_MPI_LIBRARY:-libmpi.so.40}" "$@" </dev/null || status=$?
read -r received_after sent_after <<<"$(sent)"
echo "over the cable: $(((sent_after - sent_before) / 1000)) kB from $a to $b, $(((received_after - received_before) / 1000)) kB back" >&2
exit "$status"
