#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Strangers at the port of rank 0 while a sweep runs under mpirun.

    hostile_peers.py PHASELAW [--seconds 3]

They flood it, guess the token, send garbage, say nothing, dribble single bytes and come in crowds, while a worker is
killed and its replacement has to get in. The sweep has to end with the export of an undisturbed one, and rank 0 may use
neither more memory nor more than a stated number of connections. `--seconds`: how long the crowd stays. Prints what
happened with figures; exit code 77 (skipped) where there is no mpirun or the program has no MPI.
"""
import argparse
import hashlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "endurance"))
from ranks_survive import RankBench, parent  # noqa: E402
from sweep_survives import STUDY, Failure  # noqa: E402

import mpirun  # noqa: E402

def study_of(length):
    """The sweep must last as long as the attack; what it computes does not matter."""
    return STUDY.replace("[300, 2500]", f"[{18000 * length}, {24000 * length}]").replace("seeds = 2", "seeds = 1")


LENGTHS = 4, 12  # on a fast machine, the sweep ends before the attack, which is then repeated on a longer one
CHALLENGE, ANSWER, PATIENCE_S, MOST_WAITING = 48, 64, 5, 64  # ranks/handshake.h, ranks/listener.h
MOST_MB = 16  # that rank 0 may grow; a flood of any length would fit into less


def rss_mb(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def sockets(pid):
    found = []
    try:
        entries = list(pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        raise Failure("a process of the sweep has ended")
    for entry in entries:
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            found.append(target[8:-1])
    return found


def listening(pid):
    """[(address, port)] at which the process listens."""
    own, found = set(sockets(pid)), []
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[9] in own:
            address, port = words[1].split(":")
            found.append((socket.inet_ntoa(int(address, 16).to_bytes(4, "little")), int(port, 16)))
    return found


def expect(condition, text):
    if not condition:
        raise Failure(text)


class Attack:
    def __init__(self, pid, port, seed):
        self.pid, self.port, self.random = pid, port, random.Random(seed)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def seconds_until_dropped(self, peer, most=20.0):
        start = time.monotonic()
        peer.settimeout(most)
        try:
            while peer.recv(4096):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Failure(f"a stranger is still connected after {most} s")
        return time.monotonic() - start

    def flood(self, megabytes=1500):
        peer, piece, sent = self.connect(), b"\0" * (1 << 20), 0
        try:
            while sent < megabytes:
                peer.sendall(piece)
                sent += 1
        except OSError:
            pass
        expect(sent < 64, f"a stranger could send {sent} MB")
        return f"flood: dropped after {sent} MB were on their way"

    def guesses(self, count=100):
        slowest = 0.0
        for _ in range(count):
            peer = self.connect()
            challenge = peer.recv(CHALLENGE, socket.MSG_WAITALL)
            expect(len(challenge) == CHALLENGE, f"the challenge has {len(challenge)} bytes")
            nonce, guess = self.random.randbytes(32), self.random.randbytes(32)
            proof = hashlib.blake2b(b"proof of the worker" + challenge + nonce, digest_size=32, key=guess).digest()
            peer.sendall(nonce + proof)
            slowest = max(slowest, self.seconds_until_dropped(peer))
        return f"guesses: {count} wrong tokens, each dropped within {slowest:.2f} s"

    def replays(self, count=20):
        """The same answer to another challenge, and what rank 0 sent, sent back."""
        for _ in range(count):
            peer = self.connect()
            challenge = peer.recv(CHALLENGE, socket.MSG_WAITALL)
            peer.sendall((challenge + challenge)[:ANSWER])
            self.seconds_until_dropped(peer)
        return f"reflections: {count} dropped"

    def garbage(self, count=200):
        for _ in range(count):
            peer = self.connect()
            try:
                peer.sendall(self.random.randbytes(self.random.choice([1, 12, 63, 64, 65, 1024, 100000])))
            except OSError:
                pass
            peer.close()
        return f"garbage: {count} connections"

    def silence(self):
        """A stranger that says nothing and one that says a byte now and then, while others attack: a thread and what it
        will have found."""
        found = {}

        def watch():
            silent, slow, start = self.connect(), self.connect(), time.monotonic()
            silent.setblocking(False)
            while len(found) < 2 and time.monotonic() - start < PATIENCE_S + 10:
                time.sleep(0.2)
                try:
                    slow.sendall(b"x")
                except OSError:
                    found.setdefault("slow", time.monotonic() - start)
                try:
                    if silent.recv(4096) == b"":
                        found.setdefault("silent", time.monotonic() - start)
                except BlockingIOError:
                    pass
                except OSError:
                    found.setdefault("silent", time.monotonic() - start)

        thread = threading.Thread(target=watch)
        thread.start()
        return thread, found

    def crowd(self, seconds):
        """As many new connections as can be made; none is used."""
        deadline, made, held, most = time.monotonic() + seconds, 0, [], 0
        while time.monotonic() < deadline:
            try:
                held.append(self.connect())
                made += 1
            except OSError:
                pass
            if made % 50 == 0:
                most = max(most, len(sockets(self.pid)))
                time.sleep(0.01)
            if len(held) > 300:
                held.pop(0).close()
        # Its own workers, and what MPI and the store hold, come on top.
        expect(most < MOST_WAITING + 40, f"rank 0 had {most} sockets")
        for peer in held:
            peer.close()
        start = time.monotonic()
        while len(sockets(self.pid)) > 20:
            expect(time.monotonic() - start < 30, "rank 0 keeps connections that were closed")
            time.sleep(0.1)
        return f"crowd: {made} connections in {seconds} s, at most {most} sockets of rank 0 at once"


def kill_a_worker(bench, process, store):
    others = sorted(pid for pid, rank in bench.processes(store).items() if rank > 0 and parent(pid) != process.pid)
    expect(len(others) >= 2, f"a worker and its guardian were expected, found {others}")
    worker = max(others, key=lambda pid: len(sockets(pid)))
    os.kill(worker, signal.SIGKILL)
    return worker


def attack(bench, process, store, seconds):
    deadline = time.monotonic() + 60
    while True:  # until the worker has been let in
        rank0 = [pid for pid, rank in bench.processes(store).items() if rank == 0]
        if rank0 and listening(rank0[0]) and len(sockets(rank0[0])) > 1 and list(bench.folder.glob(store.name + "-runs/*")):
            break
        expect(process.poll() is None and time.monotonic() < deadline, "the sweep does not start")
        time.sleep(0.05)
    pid = rank0[0]
    ports = listening(pid)
    expect([address for address, _ in ports] == ["127.0.0.1"], f"on one machine, rank 0 listens at {ports}")
    time.sleep(0.5)
    before = most = rss_mb(pid)
    attack = Attack(pid, ports[0][1], 1)
    silence, found = attack.silence()
    lines = []
    for step in (attack.flood, attack.guesses, attack.replays, attack.garbage):
        lines.append(step())
        most = max(most, rss_mb(pid))
    silence.join()
    expect(len(found) == 2, f"still connected after {PATIENCE_S + 10} s: a slow or silent stranger; dropped: {found}")
    expect(min(found.values()) > PATIENCE_S - 0.5, f"dropped too early: {found}")
    lines.append(f"silence: a slow stranger was dropped after {found['slow']:.1f} s, a silent one after {found['silent']:.1f} s")
    killer = threading.Timer(seconds / 3, kill_a_worker, (bench, process, store))
    killer.start()
    lines.append(attack.crowd(seconds))
    killer.join()
    most = max(most, rss_mb(pid))
    expect(process.poll() is None, "the sweep ended before the attack; make it longer")
    expect(most - before < MOST_MB, f"rank 0 grew from {before:.0f} to {most:.0f} MB")
    lines.append(f"rank 0: {before:.1f} MB before, at most {most:.1f} MB")
    return lines


def ended_well(process):
    """Rank 0 is gone a little before mpirun is."""
    try:
        return process.wait(timeout=5) == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.program).resolve()
    if reason := mpirun.why_skipped(program):
        print(f"skipped: {reason}")
        return 77
    for length in LENGTHS:
        with tempfile.TemporaryDirectory(prefix="phaselaw-hostile-") as folder:
            bench = RankBench(str(program), folder, 1, study_of(length))
            store = bench.folder / "attacked.db"
            process = bench.ranks(store, 2)
            try:
                lines = attack(bench, process, store, arguments.seconds)
                code, text = bench.ended(process, store)
                expect(code == 0, f"exit code {code}: {text}")
                expect(text.count("was dropped because it did not show") == 1,
                       f"expected one warning about strangers: {text}")
                bench.compare(store)
            except Failure as failure:
                if length != LENGTHS[-1] and ended_well(process):
                    continue
                process.terminate()
                print(f"FAILED: {failure}; the sweep said: {process.communicate()[1].decode()}", file=sys.stderr)
                return 1
            print("\n".join(lines))
            print("the sweep finished, its export equal to that of an undisturbed one")
            return 0


if __name__ == "__main__":
    sys.exit(main())
