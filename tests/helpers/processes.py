"""Processes of one group of `torch.distributed`, for tests that train in several."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from datetime import timedelta

import torch
from torch import distributed

TIMEOUT = 300  # seconds, far more than any of the tests needs


def together(function, *arguments, folder, n=2):
    """Call a function in n processes of a group, and return their results.

    An exception takes the place of a result. A process that is killed has None, and one
    that does not end in time fails the test.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sk_jae.estimators", "tests.helpers.small"])
    folder.mkdir(exist_ok=True)
    processes = [
        context.Process(target=_member, args=(folder, rank, n, function, arguments))
        for rank in range(n)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(TIMEOUT)
    late = [rank for rank, process in enumerate(processes) if process.is_alive()]
    for process in processes:
        process.kill()
        process.join()
    assert late == []
    return [_read(folder / f"{rank}.result") for rank in range(n)]


def _read(path):
    return pickle.loads(path.read_bytes()) if path.exists() else None


def _member(folder, rank, n, function, arguments):
    torch.set_num_threads(1)
    # A shell may have started the tests in the background, where Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/group",
        rank=rank,
        world_size=n,
        timeout=timedelta(seconds=TIMEOUT),
    )
    try:
        result = function(*arguments)
    except BaseException as error:
        result = error
    (folder / f"{rank}.result").write_bytes(pickle.dumps(result))
    distributed.destroy_process_group()
