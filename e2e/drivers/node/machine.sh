# PID 1 of a node's namespaces: its end is the end of everything in them, by the kernel. So whatever is mounted, started
# or configured here leaves nothing on the machine. Run by machine.ts: machine.sh FOLDER
set -eu
folder=$1
read -r pid rest </proc/self/stat # as the machine counts: its /proc is still mounted
mount -t proc proc /proc

# Paths that kubelet, containerd and CNI plugins have built in. What the machine has there is not shown.
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p "$folder/var-lib/upper" "$folder/var-lib/work"
mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$folder/var-lib/upper,workdir=$folder/var-lib/work" /var/lib

# kubelet would set these on the whole machine (to panic on an oops, for one); here it finds them as it wants them.
pretend() {
  printf '%s\n' "$2" >"$folder/sysctl-$(basename "$1")"
  mount --bind "$folder/sysctl-$(basename "$1")" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
# What was killed leaves sockets behind; towards a peer that is cut off they would keep this network alive for minutes.
echo 1 >/proc/sys/net/ipv4/tcp_orphan_retries
echo "machine $pid"
# A shell that waits also reaps what is nobody's child any more.
while :; do
  sleep 3600 &
  wait
done
