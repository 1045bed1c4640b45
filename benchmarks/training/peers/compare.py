# SPDX-License-Identifier: Apache-2.0
"""phaselaw, PyTorch and llm.c train the same model in turns: compare.py BENCH [options], started by run.sh.

For each configuration: bench_training_step writes weights and batch; every peer takes ten steps, and its losses must be
phaselaw's to five digits in float32 (llm.c's model is another one: they must fall). Then rounds: each program trains for
some seconds, the others wait. A table of medians over the rounds goes to stdout, every number to --csv.
"""

import argparse
import contextlib
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SHAPES = {"a": "2 4 64 64 16", "b": "4 4 128 128 16", "c": "6 8 256 256 8"}  # layers, heads, d_model, seq_len, batch
AGREEMENT = 1e-5


class Peer:
    """A program that answers lines; several copies of it form one peer, and their rates are added."""

    def __init__(self, command, copies=1, label="", threads=1):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.programs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                          stderr=subprocess.DEVNULL, env=environment) for _ in range(copies)]
        self.name = self.answers()[0]["peer"] + label

    def answers(self):
        lines = [program.stdout.readline() for program in self.programs]
        if not all(lines):
            raise SystemExit(f"compare.py: a peer ended early: {self.programs[0].args}")
        return [json.loads(line) for line in lines]

    def ask(self, line):
        for program in self.programs:
            program.stdin.write(line + "\n")
            program.stdin.flush()
        return self.answers()

    def close(self):
        for program in self.programs:
            program.stdin.close()
            program.wait()


def has_bf16():
    with contextlib.suppress(OSError):
        flags = pathlib.Path("/proc/cpuinfo").read_text()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def check(peer, config, variant, losses, ours):
    """The largest relative difference of the losses; ends the program where float32 does not agree."""
    if peer.startswith("llm.c"):
        if not losses[-1] < losses[0]:
            raise SystemExit(f"{peer}, {config}: the loss does not fall: {losses}")
        return float("nan")
    worst = max(abs(theirs / mine - 1) for theirs, mine in zip(losses, ours))
    if not worst < AGREEMENT and not variant.startswith("bf16"):
        raise SystemExit(f"{peer}, {config}, {variant}: losses {losses}, phaselaw's are {ours}")
    return worst


def start_peers(options, bf16):
    kinds = ["eager", "compile", "autotune", "vmap", "vmap compile"] + (["bf16 eager", "bf16 compile"] if bf16 else [])
    script, threads = str(pathlib.Path(__file__).with_name("torch_peer.py")), options.threads
    for python in options.torch:
        yield Peer([python, script, str(threads), ",".join(kinds)], threads=threads)
    if options.torch and options.process_a_core:
        yield Peer([options.torch[0], script, "1", "eager,compile"], copies=threads, label=f", {threads} processes")
    if options.llmc:
        yield Peer([options.llmc, str(pathlib.Path(tempfile.gettempdir()) / f"llmc-{os.getpid()}.bin")], threads=threads)


def ours(options, config, folder=None):
    command = [options.bench, "--only", config, "--workers", str(options.threads), "--seconds", str(options.seconds),
               "--rounds", "1", "--json", "1"] + (["--write", folder] if folder else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_config(config, peers, options, folder):
    """{(who, variant): [tokens/s of each round]}, and {who, variant: difference of losses}."""
    begin = time.time()
    losses = ours(options, config, folder)["losses"]
    rates, differences, ready = {}, {}, []
    for peer in peers:
        if peer.name == "llm.c" and config not in SHAPES:
            continue
        answer = peer.ask(f"prepare {folder}/{config}" + (" " + SHAPES[config] if peer.name == "llm.c" else ""))[0]
        for variant, facts in answer.items():
            differences[peer.name, variant] = check(peer.name, config, variant, facts["losses"], losses)
            ready.append((peer, variant))
    print(f"# {config}: prepared in {time.time() - begin:.0f} s", file=sys.stderr, flush=True)
    for _ in range(options.rounds):
        mine = ours(options, config)
        for key in ("one", "many", "speedup", "ceiling", "threads"):
            if key in mine:
                rates.setdefault(("phaselaw", key), []).extend(mine[key])
        for peer, variant in ready:
            answers = peer.ask(f"measure {variant} {options.seconds}")
            rates.setdefault((peer.name, variant), []).append(sum(a["tokens_per_s"] for a in answers))
    print(f"# {config}: {time.time() - begin:.0f} s in all", file=sys.stderr, flush=True)
    return rates, differences


def best(rates, who, wanted):
    found = [(statistics.median(values), variant) for (name, variant), values in rates.items()
             if name == who and wanted(variant)]
    return max(found) if found else None


def table(results, threads):
    lines = ["| config | program | tokens/s, median (least to most) | one model per core is | losses differ by |", "|---|---|---|---|---|"]
    for config, (rates, differences) in results.items():
        mine = statistics.median(rates["phaselaw", "many"])
        ceiling, speedup = (statistics.median(rates["phaselaw", key]) for key in ("ceiling", "speedup"))

        def row(program, values, difference=""):
            middle = statistics.median(values)
            lines.append(f"| {config} | {program} | {middle:,.0f} ({min(values):,.0f} to {max(values):,.0f}) | "
                         f"{mine / middle:.2f}x | {difference} |")

        row(f"**phaselaw, one model per core, {threads} cores** ({speedup:.2f} times one)", rates["phaselaw", "many"])
        row(f"phaselaw, one thread ({100 * ceiling:.0f} % of its products' rate)", rates["phaselaw", "one"])
        if ("phaselaw", "threads") in rates:
            row(f"phaselaw, one model on {threads} threads", rates["phaselaw", "threads"])
        for who in dict.fromkeys(name for name, _ in rates if name != "phaselaw"):
            for kind, wanted in (("", lambda v: not v.startswith(("bf16", "vmap"))), ("bf16", lambda v: v.startswith("bf16")),
                                 ("vmap", lambda v: v.startswith("vmap"))):
                found = best(rates, who, wanted)
                if found:
                    variant = found[1]
                    program = who if variant == who else f"{who}, {variant[:-2]}, threads {variant[-1]}"
                    difference = differences[who, variant]
                    row(program, rates[who, variant], "another model" if difference != difference else f"{difference:.0e}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--torch", action="append", default=[], help="a Python with torch; the first is the current release")
    parser.add_argument("--llmc", help="llmc_driver")
    parser.add_argument("--configs", default="tiny,a,b,c")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="a program and round; at least three steps, or four times as long")
    parser.add_argument("--bf16", choices=["auto", "yes", "no"], default="auto",
                        help="auto: where the processor has it; emulated, a step of c takes a minute")
    parser.add_argument("--process-a-core", type=int, default=1, help="0: leave out PyTorch with one process a core")
    parser.add_argument("--csv", help="every number of every round")
    options = parser.parse_args()
    bf16 = options.bf16 == "yes" or (options.bf16 == "auto" and has_bf16())
    if not bf16:
        print("# bf16 not measured: this processor has no bf16 instructions (--bf16 yes measures the emulation)", file=sys.stderr)
    begin, peers, results = time.time(), list(start_peers(options, bf16)), {}
    with tempfile.TemporaryDirectory() as folder:
        for config in options.configs.split(","):
            results[config] = run_config(config, peers, options, folder)
    for peer in peers:
        peer.close()
    print(table(results, options.threads))
    print(f"# {time.time() - begin:.0f} s in all", file=sys.stderr)
    if options.csv:
        with open(options.csv, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["config", "program", "variant", "round", "value"])
            for config, (rates, _) in results.items():
                for (who, variant), values in rates.items():
                    writer.writerows([config, who, variant, k, value] for k, value in enumerate(values))


if __name__ == "__main__":
    main()
