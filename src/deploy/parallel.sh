#!/bin/sh
# GNU parallel over one or several hosts: one image a task, a record a line, and a log that lets a run that was stopped go on where it was.
#   parallel.sh LIST RESULTS [options of fix]
# HOSTS names the hosts (parallel's --sshlogin; the images lie on storage that they share); without it the tasks run here. JOBS: how many at once on each host.
set -eu
list=${1:?the file with the names of the images}
results=${2:?the directory for the records}
shift 2
mkdir -p "$results"
tool=${OFFLINEPATCH:-offlinepatch}
exec parallel --arg-file "$list" --joblog "$results/parallel.log" --resume --jobs "${JOBS:-1}" ${HOSTS:+--sshlogin "$HOSTS"} --quote \
  "$tool" fix --json-lines "$@" -- {} >>"$results/parallel.jsonl"
