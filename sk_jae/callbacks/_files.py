"""The files in the folder of checkpoints: one for each fit, replaced as a whole.

The file of a fit has the name of its fingerprint. It ends in `.training` until the fit
is finished, and then in `.finished`. A `.lock` beside it shows that the fit is running.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sk_jae.callbacks._locks import Lock
from sk_jae.callbacks._plain import from_plain, to_plain
from sk_jae.exceptions import ModelFileError
from sk_jae.persistence import read_state, write_state

__all__ = ["CheckpointFile"]

_KIND = "checkpoint"
_MOST_DIFFERENCES = 5


class CheckpointFile:
    """The file of one fit.

    Parameters
    ----------
    folder : Path
    fingerprint : dict of {str: str}
        What the fit depends on.
    seed : int
        The seed of a fit that begins anew.
    every : int
        The number of epochs from one state to the next.

    Attributes
    ----------
    seed : int
        The seed of the fit that is continued, if there is one.
    """

    def __init__(
        self, folder: Path, fingerprint: dict[str, str], seed: int, every: int
    ) -> None:
        text = json.dumps(fingerprint, sort_keys=True)
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.folder = folder
        self.fingerprint = fingerprint
        self.training = folder / f"{name}.training"
        self.finished = folder / f"{name}.finished"
        self.lock = Lock(folder / f"{name}.lock")
        self.seed = seed
        self.every = every
        self._state: dict[str, Any] | None = None

    @classmethod
    @contextmanager
    def opened(
        cls,
        folder: Path,
        fingerprint: dict[str, str],
        seed: int,
        every: int,
        is_seed_free: bool,
    ) -> Iterator[Self | None]:
        """The file while a fit is running; None if the same fit is running elsewhere.

        If any seed will do, a finished fit is not read again.
        """
        file = cls(folder, fingerprint, seed, every)
        leftovers = list(folder.glob(".sk_jae-*.tmp"))
        if not file.lock.acquire():
            warnings.warn(
                f"The same fit is running in another process, which keeps its state in "
                f"{folder}; this one trains without a checkpoint.",
                stacklevel=2,
            )
            yield None
            return
        try:
            file._begin(leftovers, reads_finished=not is_seed_free)
            yield file
        finally:
            file.lock.release()

    def _begin(self, leftovers: list[Path], *, reads_finished: bool) -> None:
        running = self._running()
        if not running:  # so nobody is writing these
            for path in leftovers:
                with suppress(OSError):
                    path.unlink()
        places = [self.finished] if reads_finished else []
        there = [path for path in (*places, self.training) if path.exists()]
        if there:
            stored = _read(there[0])
            self.seed = stored["seed"]
            self._state = from_plain(stored["training"])
            if there[0] == self.finished:  # of a process that ended in between
                self.training.unlink(missing_ok=True)
        else:
            self._warn_of_others(running)

    def load(self) -> dict[str, Any] | None:
        """The state that was kept last."""
        state, self._state = self._state, None
        return state

    def is_due(self, epoch: int) -> bool:
        """Whether to keep the state after so many epochs."""
        return epoch % self.every == 0

    def save(self, state: dict[str, Any], *, is_end: bool = False) -> None:
        """Keep a state, at the end of the training for good."""
        path = self.finished if is_end else self.training
        content = {
            "fingerprint": self.fingerprint,
            "seed": self.seed,
            "training": to_plain(state),
        }
        try:
            write_state(path, _KIND, content)
        except OSError as error:
            error.add_note(
                f"The state of the training could not be written to {path}. What was "
                "written before is kept: when the cause is removed, the same fit goes "
                "on from there."
            )
            raise
        if is_end:
            self.training.unlink(missing_ok=True)

    def _running(self) -> set[str]:
        """The names of the other fits of this folder that are running."""
        locks = [path for path in self.folder.glob("*.lock") if path != self.lock.path]
        return {path.stem for path in locks if Lock(path).is_held()}

    def _warn_of_others(self, running: set[str]) -> None:
        """Say how the fit differs from an interrupted one that it does not continue."""
        found = []
        for path in self.folder.glob("*.training"):
            if path.stem not in running:
                # What cannot be read is no hindrance for a fit that does not need it.
                with suppress(OSError, KeyError):
                    there = _read(path)["fingerprint"]
                    found.append((_differences(there, self.fingerprint), path))
        if found:
            differences, path = min(found, key=lambda pair: len(pair[0]))
            warnings.warn(
                f"The fit starts anew, and does not continue the interrupted one of "
                f"{path}: {_listed(differences)}. To continue, fit with the same "
                "parameters and data; if that one is no longer needed, remove its "
                "file.",
                stacklevel=2,
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = read_state(path, _KIND).state
    except ModelFileError as error:
        error.add_note(
            "It is the checkpoint of an earlier fit. Without it, training starts anew."
        )
        raise
    return state


def _differences(there: dict[str, str], here: dict[str, str]) -> list[str]:
    return [
        f"{name} was {there.get(name, 'not there')} and is {here.get(name, 'not here')}"
        for name in {**here, **there}
        if there.get(name) != here.get(name)
    ]


def _listed(differences: list[str]) -> str:
    more = len(differences) - _MOST_DIFFERENCES
    shown = differences[:_MOST_DIFFERENCES]
    return "; ".join([*shown, f"and {more} more"] if more > 0 else shown)
