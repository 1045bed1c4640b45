#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program does when one call of the system fails, shown for all verbs that write.

    faults.py PHASELAW LIBRARY quick [--trials 150]     a sample over all verbs and faults: for the test suite
    faults.py PHASELAW LIBRARY full  [--most 60]        every call of every kind; of memory a sample as well

LIBRARY is fail_at.c as a shared library. For each verb and each k the k-th call fails. The program must either
- end with success and with the same results, byte for byte, as when nothing fails (what could not be removed or joined,
  as the journal of a store, may stay until the next start), or
- end with exit code 1 (2 where an input or the place for the output could not be opened or read) and one sentence that
  names the file or the memory. Nothing half-written or temporary is left, results that lay there before are still whole,
  and the same command run again gives the same results as an undisturbed one.
The same holds when the process is killed at its k-th call, except that temporary files may stay until the command is run
again. A signal, an uncaught exception, a run without end or another result is a fault of the program. Prints a table of all
verbs and faults, and exit code 1 if there was a fault. Where a kind has more than --most calls, the first --all and a
random sample of the rest are tried; the table says how many.
"""
import argparse
import errno
import json
import os
import pathlib
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile

from sweep_survives import Failure
from writing_verbs import VERBS, Trial, WritingBench

KINDS = ["write", "sync", "rename", "open", "close", "truncate", "mmap", "read", "mkdir", "malloc"]
LOG_BYTES, TEXT_AT = 8192, 1024


class Fault:
    def __init__(self, name, kind, error=0, kills=False, **more):
        self.kills = kills
        if kills:
            more = {"FAIL_AT_KILL": "1"}
        self.name, self.kind, self.more = name, kind, {**more, "FAIL_AT_ERRNO": str(error)}
        # An input or the place for the output that cannot be opened is the user's to mend.
        self.codes = (1, 2) if kind in ("open", "read", "mmap", "mkdir", "malloc") else (1,)


FAULTS = [
    Fault("write ENOSPC", "write", errno.ENOSPC),
    Fault("write ENOSPC from k on", "write", errno.ENOSPC, FAIL_AT_STICKY="1"),
    Fault("write EINTR", "write", errno.EINTR),
    Fault("write short", "write", errno.ENOSPC, FAIL_AT_SHORT="1"),
    Fault("fsync EIO", "sync", errno.EIO),
    Fault("rename, unlink EACCES", "rename", errno.EACCES),
    Fault("open EMFILE", "open", errno.EMFILE),
    Fault("open EACCES from k on", "open", errno.EACCES, FAIL_AT_STICKY="1"),
    Fault("close EIO", "close", errno.EIO),
    Fault("ftruncate EIO", "truncate", errno.EIO),
    Fault("mmap ENOMEM", "mmap", errno.ENOMEM),
    Fault("read EIO", "read", errno.EIO),
    Fault("read EINTR", "read", errno.EINTR),
    Fault("read short", "read", errno.EIO, FAIL_AT_SHORT="1"),
    Fault("mkdir ENOSPC", "mkdir", errno.ENOSPC),
    *(Fault(f"kill at {kind}", kind, kills=True) for kind in ("write", "sync", "rename", "open", "truncate", "mkdir")),
    Fault("malloc", "malloc"),
    Fault("malloc from k on", "malloc", FAIL_AT_STICKY="1"),
]
# Faults without the library: (name, options of the process).
FSIZES = (0, 700, 5000, 40000)


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class FaultBench(WritingBench):
    def __init__(self, program, library, folder, seed):
        super().__init__(program, folder, seed)
        self.library, self.log = os.path.abspath(library), self.folder / "log"
        self.counted = {}

    def failing(self, verb, fault, k):
        self.log.write_bytes(bytes(LOG_BYTES))
        return self.run(verb, {"LD_PRELOAD": self.library, "FAIL_AT_KIND": fault.kind, "FAIL_AT": str(k),
                               "FAIL_AT_LOG": str(self.log), **fault.more})

    def logged(self):
        """(calls by kind, the first call that failed as 'kind call path')"""
        data = self.log.read_bytes()
        return dict(zip(KINDS, struct.unpack(f"{len(KINDS)}Q", data[:8 * len(KINDS)]))), \
            data[TEXT_AT:].split(b"\0")[0].decode(errors="replace")

    def counts(self, verb):
        if verb.name not in self.counted:
            self.reference(verb)
            self.prepare(verb)
            trial = self.failing(verb, FAULTS[0], 0)
            wrong = self.wrong_when_done(verb, trial) if trial.code == 0 else f"exit code {trial.code}: {trial.errors}"
            if wrong:
                raise Failure(f"{verb.name}, only counted: {wrong}")
            self.counted[verb.name] = self.logged()[0]
        return self.counted[verb.name]

    def judge(self, verb, trial, codes, named):
        """(outcome, why it is wrong)"""
        if trial.code is None or trial.code < 0 or trial.code >= 128:
            return "died", f"exit code {trial.code}: {trial.errors.strip()[-300:]}"
        if trial.code == 0:
            rest = self.rest(verb)
            wrong = self.wrong_when_done(verb, trial, rest)
            return ("same, rest left", wrong or self.wrong_again(verb)) if rest else ("same results", wrong)
        return f"exit {trial.code}", (self.wrong_sentence(trial, codes, named) or self.wrong_in_folder(verb) or
                                      self.wrong_again(verb))

    @staticmethod
    def wrong_sentence(trial, codes, named):
        sentences = [line for line in trial.errors.splitlines() if "error: " in line]
        if trial.code not in codes or len(sentences) != 1 or "terminate called" in trial.errors:
            return f"exit code {trial.code}: {trial.errors.strip()[-400:]}"
        return "" if any(name in sentences[0] for name in named) else f"names none of {named}: {sentences[0]}"

    def one(self, verb, fault, k):
        self.prepare(verb)
        if k % 2 == 0:
            self.place_old(verb)
        trial = self.failing(verb, fault, k)
        call = self.logged()[1]
        if fault.kills and trial.code == -signal.SIGKILL:
            outcome, wrong = "killed", self.wrong_in_folder(verb, temporaries=True) or self.wrong_again(verb)
        else:
            # After the first call others fail, too, and the message is about one of them.
            later = ["out.", "standard output"] if "FAIL_AT_STICKY" in fault.more and fault.kind != "malloc" else []
            outcome, wrong = self.judge(verb, trial, fault.codes, [*names_of(call), *later])
        return outcome, f"{verb.name}, {fault.name}, k = {k} ({call}): {wrong}" if wrong else ""

    def hostile(self, verb):
        """Standard output that is full or closed, and a limit on the size of files: [(name, outcome, wrong)]."""
        self.reference(verb)
        ways = [("stdout /dev/full", {"stdout": open("/dev/full", "wb")}), ("stdout closed", {"preexec_fn": close_output})]
        ways += [(f"RLIMIT_FSIZE {size}", {"preexec_fn": limited(size)}) for size in FSIZES]
        results = []
        for name, options in ways:
            self.prepare(verb)
            trial = self.run(verb, **options)
            if name.startswith("stdout"):
                if trial.code == 0 and self.reference(verb)[1]:
                    outcome, wrong = "same results", "standard output was lost"
                else:
                    trial.out = self.reference(verb)[1]
                    outcome, wrong = self.judge(verb, trial, (1,), ["standard output", "exported table"])
            else:
                outcome, wrong = self.judge(verb, trial, (1, 2), ["out", "work", "inputs"])
            results.append((name, outcome, f"{verb.name}, {name}: {wrong}" if wrong else ""))
        return results


def close_output():
    os.close(1)


def names_of(call):
    """What the message may name: the file of the call that failed, its directory, or the memory."""
    words = call.split(" ", 2)
    if len(words) < 3 or words[0] == "malloc":
        return ["memory"]
    path = pathlib.Path(re.sub(r"\.part-\w+$|-(wal|shm|journal|claims)$| \(deleted\)$", "", words[2]))
    if words[2].startswith("pipe:"):
        return ["standard output"]
    # A file that cannot be created is named by the flag and the directory.
    return [path.name, "--out", "--json", *([path.parent.name] if path.parent.name else [])]


def chosen(count, most, first, draw):
    if count <= most:
        return list(range(1, count + 1))
    first = min(first, most)
    return list(range(1, first + 1)) + sorted(draw.sample(range(first + 1, count + 1), min(most, count - first)))


class Table:
    def __init__(self):
        self.rows, self.wrong = {}, []

    def add(self, verb, fault, calls, outcome, wrong):
        row = self.rows.setdefault((verb.name, fault), {"calls": calls, "tried": 0, "outcomes": {}})
        row["tried"] += 1
        outcome = "WRONG" if wrong else outcome
        row["outcomes"][outcome] = row["outcomes"].get(outcome, 0) + 1
        if wrong:
            self.wrong.append(wrong)
            print(f"WRONG: {wrong}", file=sys.stderr, flush=True)

    def show(self):
        print(f"{'verb':14}{'fault':24}{'calls':>8}{'tried':>7}  outcomes")
        for (verb, fault), row in self.rows.items():
            outcomes = ", ".join(f"{count} {name}" for name, count in sorted(row["outcomes"].items()))
            print(f"{verb:14}{fault:24}{row['calls']:8}{row['tried']:7}  {outcomes}")
        total = sum(row["tried"] for row in self.rows.values())
        print(f"{total} calls failed, {len(self.wrong)} wrong")

    def write(self, path):
        rows = [{"verb": verb, "fault": fault, **row} for (verb, fault), row in self.rows.items()]
        pathlib.Path(path).write_text(json.dumps({"rows": rows, "wrong": self.wrong}, indent=1) + "\n")


def full(bench, table, arguments):
    for verb in arguments.verbs:
        counts = bench.counts(verb)
        for fault in arguments.faults:
            calls = counts[fault.kind]
            for k in chosen(calls, arguments.most, arguments.all, bench.random):
                table.add(verb, fault.name, calls, *bench.one(verb, fault, k))
        if not arguments.only_faults or "process" in arguments.only_faults.split(","):
            for name, outcome, wrong in bench.hostile(verb):
                table.add(verb, name, 1, outcome, wrong)


def quick(bench, table, arguments):
    """Each verb and each fault about equally often."""
    verbs = [verb for verb in arguments.verbs if not verb.slow]
    for i in range(arguments.trials):
        verb = verbs[i % len(verbs)]
        possible = [fault for fault in arguments.faults if bench.counts(verb)[fault.kind] > 0]
        fault = possible[(i // len(verbs) * 7 + i) % len(possible)]
        calls = bench.counts(verb)[fault.kind]
        table.add(verb, fault.name, calls, *bench.one(verb, fault, bench.random.randint(1, calls)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("what", choices=["quick", "full"])
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--all", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-verbs", help="names, separated by commas")
    parser.add_argument("--only-faults", help="kinds of calls, separated by commas; process: standard output and size limits")
    parser.add_argument("--json", help="file for the table as JSON")
    arguments = parser.parse_args()
    verbs, faults = arguments.only_verbs, arguments.only_faults
    arguments.verbs = [v for v in VERBS if not verbs or v.name in verbs.split(",")]
    arguments.faults = [f for f in FAULTS if not faults or f.kind in faults.split(",")]
    table = Table()
    with tempfile.TemporaryDirectory(prefix="phaselaw-faults-") as folder:
        try:
            bench = FaultBench(arguments.program, arguments.library, folder, arguments.seed)
            {"quick": quick, "full": full}[arguments.what](bench, table, arguments)
        except Failure as failure:
            table.wrong.append(str(failure))
            print(f"FAILED: {failure}", file=sys.stderr)
    table.show()
    if arguments.json:
        table.write(arguments.json)
    return 1 if table.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
