"""What a step finds out, part by part: written and printed as soon as it is there."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks._results import Results

# What a part can come to. The first two are well.
STATUSES = ("ok", "skipped", "differs", "failed", "killed")
WELL = STATUSES[:2]
_MOST_PRINTED = 600
_MOST_TRACED = 3000


class Skipped(Exception):
    """Raised by a part that cannot be measured here; the message says why."""


@dataclass
class Recorder:
    """The results of one step.

    Parameters
    ----------
    results : Results
    step : str
    device : str
        "cuda" or "cpu".
    quick : bool
        Whether this is a trial, with little data and few repetitions.
    until : float
        The time, as `time.time` gives it, at which the step is killed.
    """

    results: Results
    step: str
    device: str
    quick: bool = False
    until: float = float("inf")

    @property
    def on_cuda(self) -> bool:
        return self.device != "cpu"

    @cached_property
    def device_name(self) -> str:
        """The name of the card, which tells apart what was measured on several."""
        if not self.on_cuda:
            return "cpu"
        import torch

        return torch.cuda.get_device_name(self.device)

    def part(
        self,
        name: str,
        function: Callable[..., dict[str, Any]],
        *args: Any,
        seconds: float = 5.0,
    ) -> dict[str, Any]:
        """Run a part of the step, whatever becomes of it, and record what it gives.

        Parameters
        ----------
        name : str
        function : callable
            Returns a dict of what was measured. An item "checks", a dict of bool, says
            what had to hold.
        *args : object
            Passed to the function.
        seconds : float, default=5.0
            How long it takes about; with less time left the part is skipped. A
            trial takes a fifth of it.

        Returns
        -------
        outcome : dict
        """
        start = time.perf_counter()
        try:
            left = self.until - time.time()
            if left < (seconds / 5 if self.quick else seconds):
                raise Skipped(f"{left:.0f} s are left and it takes about {seconds:g} s")
            outcome = function(*args)
            checks = outcome.get("checks", {}).values()
            status = "ok" if all(checks) else "differs"
        except Skipped as reason:
            status, outcome = "skipped", {"reason": str(reason)}
        except Exception:
            status = "failed"
            outcome = {"error": traceback.format_exc()[-_MOST_TRACED:]}
        seconds = time.perf_counter() - start
        return self._add(name, status, seconds, outcome, self.device_name)

    def killed(self, reason: str, seconds: float) -> dict[str, Any]:
        """Record that the process of the step ended before its last part.

        This is called in the process of the script, which leaves the card alone: a card
        that hangs must not stop it.
        """
        runs = self.results.runs()
        own = [run for run in runs if run["step"] == self.step]
        before = f"after {own[-1]['part']!r}" if own else "in its first part"
        device = runs[-1]["device"] if runs else self.device
        outcome = {"reason": f"{reason} {before}"}
        return self._add("the rest", "killed", seconds, outcome, device)

    def _add(
        self,
        name: str,
        status: str,
        seconds: float,
        outcome: dict[str, Any],
        device: str,
    ) -> dict[str, Any]:
        outcome = {"status": status, "part_seconds": round(seconds, 2), **outcome}
        key = {"step": self.step, "part": name, "device": device}
        self.results.add(key, outcome)
        line = f"{self.step} | {name} | {status} | {seconds:.1f} s"
        print(f"{line}\n    {_shortened(outcome)}", flush=True)
        return outcome


def _shortened(outcome: dict[str, Any]) -> str:
    if "error" in outcome:
        return outcome["error"].replace("\n", "\n    ")
    shown = {
        key: value
        for key, value in outcome.items()
        if key not in ("status", "part_seconds")
    }
    text = json.dumps(shown, ensure_ascii=False)
    return text if len(text) <= _MOST_PRINTED else f"{text[:_MOST_PRINTED]} ..."
