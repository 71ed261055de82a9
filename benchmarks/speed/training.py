"""The speed of training and transforming, beside other ways to train the same network.

For each workload every contestant gets a process of its own, and all of them take
turns, round by round. Tables show the median over the rounds, and how many times as
many samples per second sk_jae goes through. Contestants:

    sk_jae                   the estimator as it comes
    skorch                   NeuralNet with its default data set and loader, and the
                             network in torch's own layers
    skorch, our module       the same with our module, which has faster layers
    skorch, batched loader   the second with one indexed read per batch
    loop                     hand-written, over tensors in memory, torch's own layers
    best loop                the same with our module, its layout, precision and a
                             fused optimizer
    skada DeepCoral          on the layers of the shared branch; for one workload

Model FLOP/s are those that PyTorch counts in a step of our module, over the time of
sk_jae, beside the rate of a matrix product (float32, 2048 x 2048) in the same rounds.
Finished workloads are added to benchmarks/speed/results/training.json and not repeated,
so that the command can be run in pieces. OMP_NUM_THREADS sets the threads of every
contestant, and SK_JAE_DATA is the folder of the data; a quick run takes noise instead.

    python -m benchmarks.speed.training [--quick] [--only TEXT] [--rounds 7]
        [--device cpu]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch._dynamo  # what every first optimizer of a process would import

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.speed._contestants import ADAPTATION, CONTESTANTS, ours
from benchmarks.speed._parts import flops_of_a_sample
from benchmarks.speed._training_tables import (
    MATMUL_SIDE,
    details_tables,
    training_table,
)
from benchmarks.speed._workloads import (
    WORKLOADS,
    Workload,
    random_images,
    real_images,
)

QUICK = ("dense, batch 64", "Figure 7", "adaptation", "first epoch")

FIRST_EPOCH = """
import time
start = time.perf_counter()
import numpy as np
from sk_jae import JointAutoencoder
X = [np.random.default_rng(t).random((2000, 256), dtype="float32") for t in range(2)]
JointAutoencoder(max_epochs=1, device={device!r}).fit(X)
print(time.perf_counter() - start)
"""


def work(line: Connection, workload: Workload, contestant: Any, device: str) -> None:
    """A contestant's process: gets the name of a job, sends back what it took."""
    jobs = contestant(workload, workload.n_epochs, device)
    jobs["fit"]()
    a = torch.rand(MATMUL_SIDE, MATMUL_SIDE, device=device)
    jobs["matmul"] = lambda: a @ a
    line.send("ready")
    while (job := line.recv()) != "end":
        if job not in jobs:
            line.send(None)
            continue
        start, used = time.perf_counter(), time.process_time()
        jobs[job]()
        if device != "cpu":
            torch.cuda.synchronize()
        line.send((time.perf_counter() - start, time.process_time() - used))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = len(jobs["pickle"]()) if "pickle" in jobs else None
    # Not in the parent, whose forks would wait for threads that they have not.
    flops = flops_of_a_sample(workload) if contestant is ours else None
    line.send({"peak": peak, "pickle": size, "flops": flops})


def measure(workload: Workload, contestants: Any, args: Any) -> dict[str, Any]:
    """All contestants, in turns."""
    names = list(contestants)
    context = multiprocessing.get_context("fork")  # imports and samples once for all
    lines: dict[str, Connection] = {}
    for name in names:
        lines[name], end = context.Pipe()
        of_worker = (end, workload, contestants[name], args.device)
        context.Process(target=work, args=of_worker, daemon=True).start()
        end.close()
        lines[name].recv()  # threads of several at once would wait for each other
    jobs = ["fit", "transform", "matmul"]
    times: dict[str, Any] = {
        name: {job: [] for job in [*jobs, "cpu"]} for name in names
    }
    for _ in range(args.rounds):
        for name in names:
            for job in jobs if name == "sk_jae" else jobs[:2]:
                lines[name].send(job)
                answer = lines[name].recv()
                if answer is not None:
                    times[name][job].append(round(answer[0], 6))
                    if job == "fit":
                        times[name]["cpu"].append(round(answer[1], 6))
    ends = {}
    for name in names:
        lines[name].send("end")
        ends[name] = lines[name].recv()
    sizes = [len(x) for x in workload.X]
    return {
        "times": times,
        "ends": ends,
        # An epoch goes through the largest task, and repeats smaller ones.
        "samples": max(sizes) * workload.n_epochs,
        "trained": max(sizes) * len(sizes) * workload.n_epochs,
        "transformed": sum(sizes),
    }


def first_epoch(device: str) -> float:
    """Seconds from the start of the imports to the end of the first epoch."""
    command = [sys.executable, "-c", FIRST_EPOCH.format(device=device)]
    run = [
        float(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(3)
    ]
    return statistics.median(run)


def run_workload(name: str, args: argparse.Namespace) -> dict[str, Any] | None:
    """The outcome of one workload, None if it cannot be measured here."""
    if name == "first epoch":
        return {"seconds": first_epoch(args.device)}
    contestants = CONTESTANTS
    if name == "adaptation":
        contestants = ADAPTATION
        if not is_there("The workload with skada", lambda: __import__("skada")):
            return None
    workload = WORKLOADS[name](random_images if args.quick else real_images)
    return measure(workload, contestants, args)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", default="", help="workloads whose name has this")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    names = [name for name in (*WORKLOADS, "first epoch") if args.only in name]
    if args.quick:
        args.rounds = min(args.rounds, 2)
        names = [name for name in names if name in QUICK]
    threads = torch.get_num_threads()
    with open_results("speed/training", quick=args.quick) as results:
        for name in names:
            key = {"workload": name, "device": args.device, "threads": threads}
            if results.find(key) is None:
                outcome = run_workload(name, args)
                if outcome is not None:
                    results.add(key, outcome)
        first = training_table(args.device, threads)
        for table in (first, *details_tables(args.device, threads)):
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
