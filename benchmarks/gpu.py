"""All that has to be seen on a GPU, in nine minutes.

The steps, in this order:

    machine      the card, its versions, the rates of copies and of products of matrices
    tests        the tests marked `gpu`
    fits         one fit of each kind on CPU and GPU: equal losses and outputs; the same
                 seed twice; copies, and pickles in a process without a GPU
    memory       50 fits in one process, whose memory has to stay as it is
    grid search  with 1 and with 4 workers on the one GPU: equal scores
    speed        ours, skorch and hand-written loops, training and transforming
    launches     kernels, launches and waits of their steps
    compiled     ours with SK_JAE_COMPILE=1, with the check that the losses are equal
    digits       the default classifier on 2,000 / 1,800 and on all digits of MNIST and
                 USPS, if the folder SK_JAE_DATA has them

Each step is a process of its own, which is killed when its time is over: its share of
the minutes that are left, so that what one does not use is there for the next. A step
that fails or hangs never stops the next one. Every result is added to gpu.json in the
folder --output, and printed, as soon as it is there. The exit status is 1 if anything
failed, hung or differed; what is slower than its target only says so.

It needs PyTorch, scikit-learn, numpy, pandas, pytest and skorch. With --device cpu
--quick, a trial of less than three minutes, the steps that need CUDA say so, and the
others compare the CPU with itself.

    python -m benchmarks.gpu --minutes 9 --output build/gpu
    python -m benchmarks.gpu --steps fits speed --minutes 4 --output build/gpu
    python -m benchmarks.gpu --device cpu --quick
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks._command import make_parser
from benchmarks._results import ROOT, Results
from benchmarks._tables import render
from benchmarks.gpu_steps._recorder import STATUSES, WELL, Recorder
from benchmarks.speed._gpu_tables import details_tables, speed_table, targets_reached


@dataclass(frozen=True)
class Step:
    """A step, and its part of the time.

    Attributes
    ----------
    name : str
    module : str
        In benchmarks/gpu_steps; its function `run` takes a Recorder.
    share : float
        Seconds of nine minutes.
    most : float, default=inf
        The most seconds, however many are left.
    """

    name: str
    module: str
    share: float
    most: float = float("inf")


STEPS = (
    Step("machine", "_machine", share=45),
    Step("tests", "_marked_tests", share=90, most=120),
    Step("fits", "_fits", share=80),
    Step("memory", "_repeated", share=35),
    Step("grid search", "_grid_search", share=45),
    Step("speed", "_speed", share=105),
    Step("launches", "_launches", share=35),
    Step("compiled", "_compiled", share=45),
    Step("digits", "_digits", share=60),
)
# Between the last part that a step may begin and the end of its process.
_SECONDS_TO_END = 2.0


def seconds_for(step: Step, waiting: Sequence[Step], left: float) -> float:
    """How long a step may take, while it and others are waiting.

    Examples
    --------
    >>> first, second = Step("a", "_a", share=30), Step("b", "_b", share=90)
    >>> seconds_for(first, [first, second], left=60)
    15.0
    >>> seconds_for(second, [second], left=58)
    58.0
    """
    shares = sum(one.share for one in waiting)
    return min(step.most, left * step.share / shares)


def run_all(
    steps: Sequence[Step], results: Results, device: str, quick: bool, until: float
) -> None:
    """Run the steps one after the other, each in a process with its own limit."""
    for i, step in enumerate(steps):
        limit = seconds_for(step, steps[i:], until - time.time())
        print(f"\n== {step.name}, at most {limit:.0f} s", flush=True)
        recorder = Recorder(results, step.name, device, quick, time.time() + limit)
        start = time.perf_counter()
        trouble = run_process(step, recorder)
        seconds = time.perf_counter() - start
        if trouble:
            recorder.killed(trouble, seconds)
        print(f"== {step.name}: {seconds:.1f} s", flush=True)


def run_process(step: Step, recorder: Recorder) -> str | None:
    """Run one step in a process; gives what went wrong with it, if anything."""
    # The profiler would print two lines at every use.
    quiet = {"PYTHONUNBUFFERED": "1", "KINETO_LOG_LEVEL": "99"}
    environment = {**os.environ, **quiet}
    if recorder.quick:
        # What a trial has is too small for several threads.
        environment.setdefault("OMP_NUM_THREADS", "1")
    child = subprocess.Popen(
        command_of(step, recorder), cwd=ROOT, env=environment, start_new_session=True
    )
    limit = max(recorder.until - time.time(), 0.0)
    try:
        status = child.wait(limit)
    except subprocess.TimeoutExpired:
        return f"killed at {limit:.0f} s,"
    finally:
        # It may have left workers behind, even if it ended by itself.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)  # a process that waits for a driver may not even be killed
    return f"ended with status {status}" if status else None


def command_of(step: Step, recorder: Recorder) -> list[str]:
    """What runs one step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.gpu", "--run", step.name]
    command += ["--device", recorder.device, "--until", str(recorder.until)]
    command += ["--output", str(recorder.results.path.parent)]
    return [*command, "--quick"] if recorder.quick else command


def run_step(args: argparse.Namespace) -> None:
    """A step, in its own process."""
    (step,) = (one for one in STEPS if one.name == args.run)
    until = args.until - _SECONDS_TO_END
    recorder = Recorder(
        Results(args.output / "gpu.json"), step.name, args.device, args.quick, until
    )
    import_module(f"benchmarks.gpu_steps.{step.module}").run(recorder)


def summary(runs: Sequence[dict[str, Any]], since: int) -> list[str]:
    """The tables, then what did not go well, and how many parts came to what."""
    new = runs[since:]
    lines = []
    if any(run["step"] in ("speed", "launches", "compiled") for run in new):
        for table in (*details_tables(), speed_table()):
            text = render(table, {"runs": list(runs)})
            if len(text.splitlines()) > 2:
                lines += [text, ""]
        lines += targets_reached(runs)
    for run in new:
        if run["status"] not in WELL:
            broken = [
                name for name, holds in run.get("checks", {}).items() if not holds
            ]
            why = run.get("reason") or run.get("error", "").strip().splitlines()[-1:]
            lines.append(
                f"{run['status']}: {run['step']} | {run['part']}: {broken or why}"
            )
    counts = Counter(run["status"] for run in new)
    lines.append(", ".join(f"{counts[name]} {name}" for name in STATUSES))
    return lines


def choose_device(asked: str, quick: bool) -> str:
    """The device; "auto" is CUDA, and in a trial the CPU where there is no CUDA."""
    if asked == "cpu":
        return asked
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if asked == "auto" and quick:
        return "cpu"
    sys.exit("There is no CUDA device; --device cpu --quick is a trial without one.")


def make_arguments() -> argparse.ArgumentParser:
    """The options; the last two are for the processes of steps."""
    parser = make_parser(__doc__)
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--minutes", type=float, default=9.0, help="9")
    parser.add_argument("--output", type=Path, help="the folder of gpu.json")
    parser.add_argument(
        "--steps", nargs="+", choices=[step.name for step in STEPS], metavar="STEP"
    )
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    return parser


def main() -> None:
    args = make_arguments().parse_args()
    if args.run:
        run_step(args)
        return
    until = time.time() + 60 * args.minutes
    if args.output is None and not args.quick:
        args.output = ROOT / "build" / "gpu"
    folder = args.output or Path(tempfile.mkdtemp(prefix="gpu-"))
    results = Results(folder.resolve() / "gpu.json")
    before = len(results.runs())
    steps = [step for step in STEPS if step.name in (args.steps or [step.name])]
    try:
        device = choose_device(args.device, args.quick)
        run_all(steps, results, device, args.quick, until)
        runs = results.runs()
    finally:
        if args.output is None:
            shutil.rmtree(folder)
    print("\n".join(["", *summary(runs, before)]))
    if any(run["status"] not in WELL for run in runs[before:]):
        sys.exit(1)


if __name__ == "__main__":
    main()
