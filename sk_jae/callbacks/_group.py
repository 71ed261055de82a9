"""The processes of a group of `torch.distributed`, as a training sees them."""

from __future__ import annotations

import signal
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self, TypeAlias, TypeVar

import torch
from torch import Tensor, distributed, nn

from sk_jae.training import TERMS, Processes

__all__ = ["Group"]

T = TypeVar("T")
X = TypeVar("X", Tensor, Tensor | None)
TermKey: TypeAlias = tuple[str, int]  # a term and a task

# Between two questions whether one of the processes was interrupted. Each waits for the
# device.
_STEPS = 16


class Group(Processes):
    """All processes of the default group, with a group of their own for one fit.

    It ends with the fit, or with an error in one of the processes, which is then an
    error in all of them: nobody waits for a process that trains no more.

    Parameters
    ----------
    device : torch.device
        The device that holds what is exchanged.
    timeout : float
        The seconds after which a process that waits for the others gives up.
    """

    def __init__(self, device: torch.device, timeout: float) -> None:
        self.device = device
        self.timeout = timeout
        self.group: Any = distributed.new_group(timeout=timedelta(seconds=timeout))
        self.rank = distributed.get_rank()
        self.size = distributed.get_world_size()
        self._is_interrupted = False
        self._n_steps = 0

    @classmethod
    @contextmanager
    def opened(cls, device: torch.device, timeout: float) -> Iterator[Self]:
        """The group while a fit is running."""
        group = cls(device, timeout)
        try:
            with group._deferring_interrupts():
                yield group
        finally:
            distributed.destroy_process_group(group.group)
            group.group = None

    def from_first(self, value: T) -> T:
        found = [value if self.rank == 0 else None]
        with self._reaching():
            distributed.broadcast_object_list(
                found, src=0, group=self.group, device=self.device
            )
        given: Any = found[0]
        return value if self.rank == 0 else given

    def unify(self, module: nn.Module) -> None:
        state = {name: value.cpu() for name, value in module.state_dict().items()}
        module.load_state_dict(self.from_first(state))

    def check_equal(self, found: Mapping[str, str]) -> None:
        first = self.from_first(dict(found))
        names = [k for k in {**first, **found} if first.get(k) != found.get(k)]
        if not self._is_any(bool(names)):
            return
        differs = f"differs in {', '.join(names)}" if names else "does not differ"
        raise ValueError(
            f"The processes of Distributed were not given the same: process "
            f"{self.rank} of {self.size} {differs} from the first one; give all of "
            "them the same data and parameters, of which each reads its share."
        )

    def weigh(
        self,
        found: Iterable[tuple[TermKey, Tensor, Tensor | int]],
        n_tasks: int,
        *,
        are_alike: bool,
    ) -> Iterable[tuple[TermKey, Tensor, Tensor | int, Tensor | float]]:
        terms = list(found)
        if are_alike and not any(isinstance(n, Tensor) for _, _, n in terms):
            return [(key, value, n, 1.0) for key, value, n in terms]
        own = {key: n for key, _, n in terms}
        keys = [(term, t) for term in TERMS for t in range(n_tasks)]
        counts = self._vector([own.get(key, 0) for key in keys])
        total = counts.clone()
        self._all_reduce(total)
        # Means without any sample are 0 in all processes.
        factors = counts * self.size / total.where(total > 0, 1.0)
        of_key = dict(zip(keys, factors.float().unbind(), strict=True))
        return [(key, value, n, of_key[key]) for key, value, n in terms]

    def gathered(self, x: X) -> X:
        if x is None:
            return x
        rows: Tensor = _Gathered.apply(x.float(), self)
        return rows

    def average_gradients(self, loss: Tensor, parameters: Sequence[Tensor]) -> None:
        gradients = [
            torch.zeros_like(p) if p.grad is None else p.grad for p in parameters
        ]
        is_there = self._vector([p.grad is not None for p in parameters])
        everything = [loss.detach(), is_there, *gradients]
        for some in _by_dtype(everything):
            flat = torch.cat([x.reshape(-1) for x in some])
            self._all_reduce(flat)
            _put_back(flat / self.size, some)
        if all(p.grad is not None for p in parameters):
            return
        # An optimizer leaves alone what has no gradient in any of the processes.
        pairs = zip(parameters, gradients, is_there.tolist(), strict=True)
        for parameter, gradient, is_anywhere in pairs:
            parameter.grad = gradient if is_anywhere else None

    def average_statistics(self, module: nn.Module) -> None:
        for some in _by_dtype(list(module.buffers())):
            own = torch.cat([x.reshape(-1) for x in some])
            first = own if own.is_floating_point() else own.double()
            first, own = first.clone(), first
            with self._reaching():
                distributed.broadcast(first, src=0, group=self.group)
            if some[0].is_floating_point():
                # What is equal in all processes stays so to the last bit.
                difference = torch.where(own == first, 0.0, own - first)
                self._all_reduce(difference)
                first += difference / self.size
            _put_back(first, some)

    def summed(
        self,
        sums: Mapping[TermKey, Tensor],
        counts: Mapping[TermKey, Tensor | int],
        keys: Sequence[TermKey],
    ) -> tuple[Mapping[TermKey, Tensor], Mapping[TermKey, Tensor | int]]:
        both = self._vector([found.get(k, 0) for found in (sums, counts) for k in keys])
        self._all_reduce(both)
        totals, numbers = both.chunk(2)
        return (
            dict(zip(keys, totals.unbind(), strict=True)),
            dict(zip(keys, numbers.unbind(), strict=True)),
        )

    def after_step(self, module: nn.Module) -> None:
        self._n_steps += 1
        if self._n_steps % _STEPS == 0:
            self._end_if(self._is_any(self._is_interrupted), module)

    def after_epoch(self, module: nn.Module, stop: bool) -> bool:
        self._n_steps = 0
        flags = self._vector([self._is_interrupted, stop])
        self._all_reduce(flags)
        is_interrupted, wants_stop = flags.tolist()
        self._end_if(is_interrupted > 0, module)
        return bool(wants_stop > 0)

    def _end_if(self, is_interrupted: bool, module: nn.Module) -> None:
        if is_interrupted:
            self._is_interrupted = False
            self.average_statistics(module)
            raise KeyboardInterrupt

    @contextmanager
    def _deferring_interrupts(self) -> Iterator[None]:
        """Let Ctrl-C wait for the step after which all processes end together."""
        before = signal.getsignal(signal.SIGINT)
        in_main = threading.current_thread() is threading.main_thread()
        if not in_main or not callable(before):
            yield
            return

        def remember(number: int, frame: Any) -> None:
            if self._is_interrupted:  # the user asks again, and waits no longer
                raise KeyboardInterrupt
            self._is_interrupted = True

        signal.signal(signal.SIGINT, remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if self._is_interrupted:  # after the last step
            signal.raise_signal(signal.SIGINT)

    def _is_any(self, flag: bool) -> bool:
        found = self._vector([flag])
        self._all_reduce(found)
        return found.item() > 0

    def _vector(self, numbers: Iterable[Tensor | float]) -> Tensor:
        """Numbers, of which some are on the device, as one tensor on the device."""
        found = [torch.as_tensor(n, device=self.device) for n in numbers]
        return torch.stack([x.detach().to(torch.float64) for x in found])

    def _all_reduce(self, x: Tensor) -> None:
        with self._reaching():
            distributed.all_reduce(x, group=self.group)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Say in errors of a connection what has happened."""
        try:
            yield
        except RuntimeError as error:
            raise RuntimeError(
                f"Process {self.rank} of {self.size} has lost the others, so training "
                "stopped: one of them ended, by an error that its own output names or "
                f"because it was killed, or did not answer within {self.timeout:g} "
                "seconds; start all processes again."
            ) from error


class _Gathered(torch.autograd.Function):
    """The rows of all processes, whose gradients are summed over all of them."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, processes: Group) -> Tensor:
        ctx.processes = processes
        parts = [torch.empty_like(x) for _ in range(processes.size)]
        with processes._reaching():
            distributed.all_gather(parts, x.contiguous(), group=processes.group)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        processes = ctx.processes
        gradient = gradients[0].clone()
        processes._all_reduce(gradient)
        return gradient.chunk(processes.size)[processes.rank], None


def _by_dtype(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    groups = defaultdict(list)
    for x in tensors:
        groups[x.dtype].append(x)
    return list(groups.values())


def _put_back(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Write the parts of a flat tensor into tensors, in their order."""
    for x, part in zip(tensors, flat.split([x.numel() for x in tensors]), strict=True):
        x.copy_(part.view(x.shape))
