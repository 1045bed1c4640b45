#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Starts mpirun such that Ctrl-C and SIGTERM end the job in order, with exit code 3, as they end a single process.
#   examples/cluster/orderly.sh mpirun -n 4 phaselaw sweep study.toml --out study.db
# mpirun itself would exit with 1 and kill its ranks after a second. It passes SIGUSR1 on to them and waits instead.
# A second Ctrl-C ends the ranks at once.
set -u
setsid "$@" &  # in a session of its own, so that the terminal's Ctrl-C does not reach mpirun
job=$!
trap 'kill -USR1 "$job"' INT TERM HUP
code=0
while kill -0 "$job" 2>/dev/null; do  # a signal ends wait before the job ends
  wait "$job"
  code=$?
done
exit "$code"
