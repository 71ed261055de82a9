"""Keeps a fit apart from the modes and the random generators of torch around it.

A fit has generators of its own. Only functions and modules of the user draw from the
global generators. These are lent to the fit while such a function runs, and are put
back afterwards.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

# torch would import this when the first optimizer is made, and a child that is forked
# meanwhile would wait for the end of that import for ever.
import torch._dynamo
from sklearn.utils import check_random_state
from torch import Tensor

from sk_jae._sklearn_types import RandomState

__all__ = [
    "LentGenerators",
    "generator_for",
    "global_generators",
    "plain_torch",
    "seed_from",
]


def seed_from(random_state: RandomState) -> int:
    """A seed from the parameter `random_state`; None leaves numpy's state unchanged."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(check_random_state(random_state).randint(2**31))


def generator_for(
    *words: int | str, device: torch.device | None = None
) -> torch.Generator:
    """A generator whose draws depend on these words alone."""
    # The one on the CPU uses the lowest 32 bits of a seed only.
    seed = zlib.crc32("/".join(map(str, words)).encode())
    return torch.Generator(device or torch.device("cpu")).manual_seed(seed)


@contextmanager
def plain_torch(device: torch.device) -> Iterator[None]:
    """Torch as a fit or a prediction needs it, whatever the caller has switched on.

    Gradients can be computed, tensors are made on the CPU if no device is named, and
    there is no autocast. This concerns the current thread only and ends with the
    context.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in {"cpu", device.type}:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


_turn = threading.RLock()


def _renew_lock() -> None:
    global _turn
    _turn = threading.RLock()


# In a forked child, the thread that holds the lock does not exist.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def global_generators(device: torch.device) -> list[torch.Generator]:
    """The global generators of the CPU and of the device."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        torch.cuda.init()
        current = torch.cuda.current_device()
        index = current if device.index is None else device.index
        generators.append(torch.cuda.default_generators[index])
    elif device.type == "mps":
        generators.append(torch.mps._get_default_mps_generator())
    return generators


class LentGenerators:
    """The global generators of torch, lent to a fit for a function of the user.

    The default dtype is float32 meanwhile, like that of the fit.

    Parameters
    ----------
    device : torch.device
        The device of the fit. Its generator is lent in addition to that of the CPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._generators = global_generators(device)
        self._dtype = torch.float32
        self._are_lent = False
        self._states: list[Tensor] = []
        self._words: tuple[int | str, ...] | None = (0,)

    def seed(self, *words: int | str) -> None:
        """Set the state that the lent generators will have."""
        self._words = words  # most fits never lend them

    def _own_states(self) -> list[Tensor]:
        """The states of the generators, while these are not lent."""
        if self._words is not None:
            self._states = [
                generator_for(*self._words, device=generator.device).get_state()
                for generator in self._generators
            ]
            self._words = None
        return self._states

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The states of the generators, while these are not lent."""
        return {"states": self._own_states()}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Draw the next numbers as the object would whose state this is."""
        self._words, self._states = None, state["states"]

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give the global generators the state of this fit for a while."""
        with _turn:
            self._exchange()
            self._are_lent = True
            try:
                yield
            finally:
                self._are_lent = False
                self._exchange()

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Give them back for a while, if they are lent."""
        if not self._are_lent:
            yield
            return
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        """Keep the states of the global generators, and give them those kept before."""
        states = [generator.get_state() for generator in self._generators]
        for generator, state in zip(self._generators, self._own_states(), strict=True):
            generator.set_state(state)
        dtype = torch.get_default_dtype()
        torch.set_default_dtype(self._dtype)
        self._states, self._dtype = states, dtype
