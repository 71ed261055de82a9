"""The script for a GPU, as far as it can be tested without one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.autograd import DeviceType

from benchmarks import gpu
from benchmarks._results import ROOT, Results
from benchmarks._tables import render
from benchmarks.gpu_steps import _counting
from benchmarks.gpu_steps._fits import compare
from benchmarks.gpu_steps._named_fits import FITS, dense
from benchmarks.gpu_steps._outputs import distance, identical, labels_apart
from benchmarks.gpu_steps._recorder import Recorder, Skipped
from benchmarks.speed._gpu_tables import speed_table, targets_reached
from benchmarks.speed._graph_loop import GraphedStep, loop_graphs
from benchmarks.speed._loops import best_parts
from benchmarks.speed._workloads import WORKLOADS, random_images

STEPS = (gpu.Step("a", "_a", share=1), gpu.Step("b", "_b", share=3, most=20))


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "gpu.json")


@pytest.fixture
def recorder(results):
    return Recorder(results, "a", "cpu", until=time.time() + 60)


def test_steps_share_what_is_left():
    assert gpu.seconds_for(STEPS[0], STEPS, left=60) == 15
    assert gpu.seconds_for(STEPS[1], STEPS[1:], left=58) == 20


def test_shares_are_seconds_of_nine_minutes():
    assert sum(step.share for step in gpu.STEPS) == 9 * 60


def fail(message):
    raise RuntimeError(message)


def skip():
    raise Skipped("no card")


@pytest.mark.parametrize(
    ("status", "function", "shown"),
    [
        ("ok", lambda: {"x": 1, "checks": {"equal": True}}, {"x": 1}),
        ("differs", lambda: {"checks": {"equal": True, "flat": False}}, {}),
        ("failed", lambda: fail("broken"), {}),
        ("skipped", skip, {"reason": "no card"}),
    ],
)
def test_every_part_is_recorded_at_once(status, function, shown, recorder, capsys):
    recorder.part("first", function)
    (run,) = recorder.results.runs(step="a", part="first", device="cpu")
    assert run["status"] == status
    assert shown.items() <= run.items()
    assert (status == "failed") == ("broken" in run.get("error", ""))
    assert f"a | first | {status}" in capsys.readouterr().out


def test_a_part_needs_its_time(recorder):
    recorder.until = time.time() + 5
    assert recorder.part("long", dict, seconds=6)["status"] == "skipped"
    assert recorder.part("short", dict, seconds=1)["status"] == "ok"


PROGRAMS = {
    # Its child would go on for as long if it were not killed too.
    "hangs": "import subprocess, sys; subprocess.run([sys.executable, '-c',"
    " 'import time; time.sleep(600)'])",
    "dies": "import os; os.abort()",
    "works": "",
}


def test_no_step_stops_the_next(results, monkeypatch, capfd):
    steps = [gpu.Step(name, name, share=1, most=4) for name in PROGRAMS]
    monkeypatch.setattr(
        gpu,
        "command_of",
        lambda step, recorder: [sys.executable, "-c", PROGRAMS[step.module]],
    )
    start = time.time()
    gpu.run_all(steps, results, "cpu", quick=True, until=start + 60)
    assert time.time() - start < 30
    found = {run["step"]: run["reason"] for run in results.runs(status="killed")}
    assert found.keys() == {"hangs", "dies"}
    assert found["hangs"].startswith("killed at 4 s")
    assert found["dies"].startswith("ended with status -6")
    assert "== works: " in capfd.readouterr().out


def test_the_summary_tells_what_went_wrong(recorder):
    recorder.part("old", lambda: fail("long ago"))
    recorder.part("good", dict)
    recorder.part("bad", lambda: fail("broken"))
    recorder.part("other", lambda: {"checks": {"equal": False}})
    lines = gpu.summary(recorder.results.runs(), since=1)
    assert lines == [
        "failed: a | bad: ['RuntimeError: broken']",
        "differs: a | other: ['equal']",
        "1 ok, 0 skipped, 1 differs, 1 failed, 0 killed",
    ]


def test_a_full_run_needs_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.choose_device("auto", quick=True) == "cpu"
    assert gpu.choose_device("cpu", quick=False) == "cpu"
    for asked, quick in (("auto", False), ("cuda", True)):
        with pytest.raises(SystemExit, match="no CUDA device"):
            gpu.choose_device(asked, quick)


def test_outputs_are_compared_by_kind():
    one = {"codes": [np.array([3.0, 4.0])], "predict": [np.array([1, 2, 3, 4])]}
    other = {"codes": [np.array([3.0, 4.5])], "predict": [np.array([1, 2, 3, 5])]}
    assert distance(other, one) == pytest.approx(0.1)
    assert labels_apart(other, one) == 0.25
    assert identical(one, one)
    assert not identical(one, other)
    assert distance({"codes": [np.array([np.nan])]}, {"codes": [np.ones(1)]}) == np.inf


def test_a_named_fit_is_compared(tmp_path):
    outcome = compare("dense", dense(), "cpu", tmp_path)
    assert all(outcome["checks"].values())
    assert 0 < outcome["losses_apart"] < 1e-5
    assert (tmp_path / "dense.sent.pickle").exists()


def test_a_random_device_is_noticed(tmp_path, monkeypatch):
    """A fit that does not follow its seed fails the check, and says so."""
    seeds = iter(range(9))
    monkeypatch.setattr(
        "benchmarks.gpu_steps._fits.fitted",
        lambda fit, device: fit.estimator.set_params(
            max_epochs=1, device="cpu", random_state=next(seeds)
        ).fit(fit.X),
    )
    outcome = compare("dense", FITS["dense"](), "cpu", tmp_path)
    assert not outcome["checks"]["the same seed gives the same"]
    assert not outcome["checks"]["outputs as on the CPU"]
    assert outcome["repeated_outputs_apart"] > 0.01


def test_the_graphed_loop_trains_like_the_best_loop():
    workload = WORKLOADS["Figure 7"](random_images)
    step = GraphedStep(*best_parts(workload, "cpu"))
    step.dtype = torch.float32
    curves = []
    for _ in range(2):
        step.restart()
        torch.manual_seed(0)
        curves.append([step.run_epoch() for _ in range(3)])
    assert curves[0] == curves[1]
    assert curves[0][2] < 0.9 * curves[0][0]
    jobs = loop_graphs(workload, 1, "cpu")
    jobs["fit"]()
    assert [codes.shape for codes in jobs["transform"]()] == [(256, 256)] * 2


def test_launches_are_counted_without_those_of_setting_up(monkeypatch):
    def event(name, device, annotation=False):
        return SimpleNamespace(
            name=name, device_type=device, is_user_annotation=annotation
        )

    cpu, cuda = DeviceType.CPU, DeviceType.CUDA
    step = [
        *[event("cudaLaunchKernel", cpu)] * 3,
        *[event("gemm", cuda)] * 2,
        event("relu", cuda),
        event("Memcpy DtoD", cuda),
        event("cudaMemcpyAsync", cpu),
        event("Optimizer.step#Adam.step", cuda, annotation=True),
    ]
    set_up = [event("fill", cuda), event("cudaStreamSynchronize", cpu)]
    given = iter([set_up + 20 * step + set_up[1:], set_up + 10 * step])
    monkeypatch.setattr(
        _counting,
        "profile",
        lambda **kwargs: nullcontext(SimpleNamespace(events=lambda: next(given))),
    )
    monkeypatch.setattr(_counting, "synchronize", lambda device: None)
    counted = _counting.counts_per_step(dict, dict, 10, "cuda")
    assert counted == {
        "kernels": 3.0,
        "launches": 4.0,
        "waits": 0.1,
        "calls": {
            "cudaLaunchKernel": 3.0,
            "cudaMemcpyAsync": 1.0,
            "cudaStreamSynchronize": 0.1,
        },
    }


def test_marked_tests_are_run_and_counted(tmp_path):
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        # Put together, so that this file does not look like one with such a test.
        "@pytest.mark." + "gpu\n"
        "@pytest.mark.parametrize('x', [1, 2, 3])\n"
        "def test_marked(x):\n"
        "    assert x < 3\n"
        "def test_other():\n"
        "    assert False\n"
    )
    (tmp_path / "test_missing.py").write_text("import no_such_package\n")
    code = f"""
import json, pathlib
from benchmarks.gpu_steps._marked_tests import run_file
from benchmarks.gpu_steps._recorder import Skipped
folder = pathlib.Path({str(tmp_path)!r})
outcome = run_file(folder / "test_some.py", True)
try:
    run_file(folder / "test_missing.py", True)
except Skipped as reason:
    outcome["reason"] = str(reason)
print("OUTCOME", json.dumps(outcome))
"""
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    outcome = json.loads(child.stdout.split("OUTCOME")[1])
    assert (outcome["passed"], outcome["failed"]) == (2, 1)
    assert [name[-len("test_marked[3]") :] for name in outcome["failures"]] == [
        "test_marked[3]"
    ]
    assert outcome["checks"] == {"no failure": False, "some passed": True}
    assert "no_such_package" in outcome["reason"]


def speed_run(contestant, one_epoch, all_epochs, **more):
    return {
        "step": "speed",
        "part": f"Figure 2: {contestant}",
        "device": "a card",
        "status": "ok",
        "workload": "Figure 2",
        "contestant": contestant,
        "epochs": 11,
        "one_epoch": [one_epoch],
        "all_epochs": [all_epochs],
        "transform": [0.5],
        "samples": 1000,
        "tasks": 2,
        "transformed": 2000,
        "peak_mb": 12.0,
        **more,
    }


def test_tables_are_made_of_the_last_runs():
    product = {
        "step": "machine",
        "part": "matrix product, bfloat16",
        "device": "a card",
        "status": "ok",
        "tflop_per_s": 2.0,
    }
    own = {"precision": "bfloat16", "flops": 1e8}
    runs = [
        product,
        speed_run("sk_jae", 9.0, 90.0, **own),
        speed_run("sk_jae", 0.3, 1.3, **own),  # 0.1 s an epoch
        speed_run("skorch", 1.0, 7.0),  # 0.6 s
        speed_run("loop", 0.2, 1.0),  # 0.08 s
    ]
    table = render(speed_table(), {"runs": runs})
    (row,) = table.splitlines()[2:]
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells[:3] == ["20,000", "6.00", "0.80"]
    assert cells[-5:] == ["200", "", "50.0 %", "12", "4,000"]
    assert targets_reached(runs) == [
        "Figure 2: 6.00 times skorch, 5 wanted: reached",
        "Figure 2: 0.80 times loop, 0.9 wanted: NOT reached",
    ]
