#!/bin/bash
# make cluster-test: a Slurm cluster of one node on loopback, 40 images in 8 tasks, one of them killed and requeued. Every image must be right, and none done twice.
# Usage: slurm.sh OFFLINEPATCH FIXTURES   (the built program; the program that makes sample machines)
set -u
tool=$(realpath "$1")
fixtures=$2
here=$(cd "$(dirname "$0")" && pwd)
images=${IMAGES:-40}
tasks=${TASKS:-8}
for program in munged slurmctld slurmd sbatch; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || { echo "cluster-test: skipped, $program is not installed (Debian: munge slurmctld slurmd slurm-client)"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "cluster-test: skipped, slurmd needs root"; exit 0; }
work=$(mktemp -d)
host=$(hostname -s)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "cluster-test: FAILED: $*"; for f in "$work"/log/*; do echo "== $f"; tail -n 30 "$f"; done; exit 1; }
mkdir -p "$work"/{log,state,spool,munge,images,alone,results}
chmod 755 "$work"
export OFFLINEPATCH_STATE="$work/offlinepatch-state"

echo "== the cluster: munged, slurmctld, slurmd on $host"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 600 "$work/munge/key"
PATH="$PATH:/usr/sbin" munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" --log-file="$work/log/munged" \
  --seed-file="$work/munge/seed" >"$work/log/munged.out" 2>&1 &
pids+=($!)
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld
SlurmdLogFile=$work/log/slurmd
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1024 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$work/slurm.conf"
for _ in $(seq 50); do [ -S "$work/munge/socket" ] && break; sleep 0.1; done
PATH="$PATH:/usr/sbin" slurmctld -D -i >"$work/log/slurmctld.out" 2>&1 &
pids+=($!)
PATH="$PATH:/usr/sbin" slurmd -D -N "$host" >"$work/log/slurmd.out" 2>&1 &
pids+=($!)
for _ in $(seq 150); do sinfo -h -o %t 2>/dev/null | grep -q idle && break; sleep 0.2; done
sinfo 2>/dev/null | grep -q idle || fail "the node does not come up"
sinfo

echo "== $images images, the same $images for a run without a cluster"
$fixtures machine "$work/one.raw" --windows win2019 --defect StaticAddress --invented >/dev/null || fail "no sample machine"
$fixtures drivers "$work/virtio" >/dev/null
$fixtures sample-root "$work/root.cer" >/dev/null
for i in $(seq "$images"); do
  for folder in images alone; do cp --sparse=always "$work/one.raw" "$work/$folder/machine $i.raw"; done
  echo "$work/images/machine $i.raw"
done >"$work/list"
export SOURCE_DATE_EPOCH=1700000000
options=(--drivers "$work/virtio" --trust-root "$work/root.cer")
"$tool" fix "$work/alone" "${options[@]}" --jobs 2 -q >/dev/null || fail "the run without a cluster"

echo "== the array job: $tasks tasks"
job=$(OFFLINEPATCH="$tool" LIST="$work/list" RESULTS="$work/results" sbatch --parsable --array="1-$tasks" --mem-per-cpu=100M --output="$work/log/task-%a" \
  "$here/../../src/deploy/slurm/offlinepatch-array.sbatch" "${options[@]}") || fail "sbatch"
# The first task that has finished one image and not all of its own is killed, and requeued by Slurm.
victim=
for _ in $(seq 600); do
  for i in $(seq "$tasks"); do
    if [ -s "$work/results/task-$i.jsonl" ] && squeue -h -r -j "$job" -t RUNNING -o %K | grep -qx "$i"; then victim=$i; break 2; fi
  done
  sleep 0.05
done
[ -n "$victim" ] || fail "no task could be stopped while it ran"
before=$(wc -l <"$work/results/task-$victim.jsonl")
pid=$(pgrep -f "offlinepatch fix --images-from $work/list --shard $victim/$tasks" | head -n 1)
kill -KILL "$pid" 2>/dev/null
echo "task $victim was killed (process $pid) after $before record(s); it is requeued"
for _ in $(seq 100); do scontrol requeue "${job}_$victim" 2>/dev/null && break; sleep 0.1; done
for _ in $(seq 3000); do [ -z "$(squeue -h -j "$job" 2>/dev/null)" ] && break; sleep 0.2; done
[ -z "$(squeue -h -j "$job")" ] || fail "the job does not end: $(squeue -r -j "$job")"

echo "== the results"
"$tool" report merge "$work/results" || fail "the merged report"
"$tool" report merge "$work/results" --json >"$work/all.json"
python3 - "$work" "$images" "$victim" "$tasks" <<'PY' || fail "the records"
import collections, glob, json, sys
work, images, victim, tasks = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
done = collections.Counter()
where = collections.defaultdict(set)
for name in glob.glob(work + "/results/*.jsonl"):
    for line in open(name):
        try:
            image = json.loads(line)["images"][0]
        except ValueError:
            continue  # cut short by the kill
        where[image["path"]].add(name)
        if image["result"] == "ready" and image.get("changes", {}).get("bytesWritten", 0) > 0:
            done[image["path"]] += 1
all_images = json.load(open(work + "/all.json"))["images"]
assert len(all_images) == images, len(all_images)
assert all(i["result"] == "ready" for i in all_images), [i["result"] for i in all_images]
assert all(len(names) == 1 for names in where.values()), "an image was in two parts"
assert max(done.values()) == 1, done.most_common(3)
lost = images - len(done)  # written when the kill came, before its record was
assert lost <= 1, f"{lost} images have no record of a write"
print(f"{images} images are ready, each in one part of {tasks}; {len(done)} records of a write, none twice; {lost} was written when the kill came")
PY
for i in $(seq "$images"); do
  "$tool" compare --strict -q "$work/images/machine $i.raw" "$work/alone/machine $i.raw" >/dev/null || fail "image $i differs from that of the run without a cluster"
  [ "$(ls "$work/images" | grep -c "^machine $i.raw.offlinepatch-undo")" = 1 ] || fail "image $i has not exactly one step of history"
done
echo "cluster-test: passed: all $images images equal those of the run without a cluster, byte for byte, and each has one step of history"
