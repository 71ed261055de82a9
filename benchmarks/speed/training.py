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
Finished workloads are kept in results/speed.json, so that the command can be run in
pieces; tables in Markdown are printed and written to
results/speed_<device>_<threads>.md. OMP_NUM_THREADS sets the threads of every
contestant, and SK_JAE_DATA is the folder of the data.

    python benchmarks/speed.py [--quick] [--only TEXT] [--rounds 7] [--device cpu]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch._dynamo  # what every first optimizer of a process would import
from _contestants import (
    ADAPTATION,
    CONTESTANTS,
    JointCriterion,
    PairsOfSamples,
    initial_module,
    ours,
    weights_of,
)
from _results import RESULTS, Results, markdown
from _workloads import WORKLOADS, Workload
from torch.utils.flop_counter import FlopCounterMode

MATMUL_SIDE = 2048

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
    jobs = contestant(workload, 1, device)
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
                    times[name][job].append(answer[0])
                    if job == "fit":
                        times[name]["cpu"].append(answer[1])
    ends = {}
    for name in names:
        lines[name].send("end")
        ends[name] = lines[name].recv()
    sizes = [len(x) for x in workload.X]
    return {
        "times": times,
        "ends": ends,
        # An epoch goes through the largest task, and repeats smaller ones.
        "samples": max(sizes),
        "trained": max(sizes) * len(sizes),
        "transformed": sum(sizes),
    }


def flops_of_a_sample(workload: Workload) -> float:
    """FLOP of a sample of every task, both ways through, as PyTorch counts them."""
    samples = PairsOfSamples(workload.X, workload.y)
    size = 64
    target = [x[:size] for x in samples.X], [y[:size] for y in samples.y]
    module = initial_module(workload)
    with FlopCounterMode(display=False) as counter:
        criterion = JointCriterion(**weights_of(workload))
        criterion(module(target[0]), target).backward()
    return counter.get_total_flops() / size


def shortened(workload: Workload, n: int) -> Workload:
    y = workload.y and [None if one is None else one[:n] for one in workload.y]
    return Workload(workload.estimator, [x[:n] for x in workload.X], y)


def first_epoch(device: str) -> float:
    """Seconds from the start of the imports to the end of the first epoch."""
    command = [sys.executable, "-c", FIRST_EPOCH.format(device=device)]
    run = [
        float(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(3)
    ]
    return statistics.median(run)


def report(results: Results, key: dict[str, Any]) -> str:
    """Tables of all finished workloads."""
    parts = []
    efficiency = []
    for workload in WORKLOADS:
        found = results.find(key | {"workload": workload})
        if found is None:
            continue
        rows = []
        own = {
            job: statistics.median(found["times"]["sk_jae"][job])
            for job in ("fit", "transform", "cpu")
        }
        for name, times in found["times"].items():
            fit = statistics.median(times["fit"])
            cpu = statistics.median(times["cpu"])
            end = found["ends"][name]
            row = [name, f"{found['trained'] / fit:,.0f}", f"{fit / own['fit']:.2f}"]
            row += [f"{cpu / own['cpu']:.2f}"]
            if times["transform"]:
                transform = statistics.median(times["transform"])
                row += [f"{found['transformed'] / transform:,.0f}"]
                row += [f"{transform / own['transform']:.2f}"]
            else:
                row += ["", ""]
            row += [f"{end['peak'] / 2**20:,.0f}"]
            row += [f"{end['pickle'] / 2**20:.1f}" if end["pickle"] else ""]
            rows.append(row)
        header = ["", "samples/s, training", "sk_jae is faster by", "(CPU time)"]
        header += ["samples/s, transform", "sk_jae is faster by"]
        header += ["peak MB", "pickle MB"]
        parts.append(f"### {workload}\n\n" + markdown(header, rows))
        matmul = 2 * MATMUL_SIDE**3
        machine = matmul / statistics.median(found["times"]["sk_jae"]["matmul"])
        if workload != "adaptation":
            flops = found["ends"]["sk_jae"]["flops"] * found["samples"]
            rate = flops / own["fit"]
            line = [workload, f"{rate / 1e9:.1f}", f"{machine / 1e9:.1f}"]
            efficiency.append([*line, f"{100 * rate / machine:.0f} %"])
    header = ["", "model, GFLOP/s", "matrix product, GFLOP/s", "of it"]
    parts.append("### Of the machine\n\n" + markdown(header, efficiency))
    found = results.find(key | {"workload": "first epoch"})
    if found is not None:
        seconds = found["seconds"]
        parts.append(f"From the imports to the first epoch's end: {seconds:.1f} s.")
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small, for a trial")
    parser.add_argument("--only", default="", help="workloads whose name has this")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    if args.quick:
        args.rounds = min(args.rounds, 2)
    results = Results("speed")
    threads = torch.get_num_threads()
    key = {"device": args.device, "quick": args.quick, "threads": threads}
    for name in (*WORKLOADS, "first epoch"):
        key_of = key | {"workload": name}
        if args.only not in name or results.find(key_of) is not None:
            continue
        if name == "first epoch":
            results.add(key_of, {"seconds": first_epoch(args.device)})
            continue
        contestants = ADAPTATION if name == "adaptation" else CONTESTANTS
        if name == "adaptation" and find_spec("skada") is None:
            print("Without skada (pip install skada) there is no such comparison.")
            continue
        workload = WORKLOADS[name]()
        if args.quick:
            workload = shortened(workload, 512)
        results.add(key_of, measure(workload, contestants, args))
    text = report(results, key)
    name = "speed_quick.md" if args.quick else f"speed_{args.device}_{threads}.md"
    (RESULTS / name).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
