"""The callback by which several processes train one model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import torch
from torch import distributed

from sk_jae.callbacks._group import Group
from sk_jae.training import Processes, ProcessesCallback

__all__ = ["Distributed"]


class Distributed(ProcessesCallback):
    """Lets all processes of `torch.distributed` train one model together.

    Given in `callbacks` of an estimator, it makes `fit` a common work of all processes
    of the default group, which `torchrun` or `accelerate launch` start and
    `torch.distributed.init_process_group` joins. Every process calls `fit` with the
    same data, and afterwards has the same fitted estimator.

    Each process reads an equal share of every batch of every task, so `batch_size` is
    the size of the batch of all processes together, and the learning rate need not be
    changed. The result is nearly that of one process: means and the terms on the class
    shares are those of the whole batch. Random augmentation is drawn by each process
    on its own, and batch normalization uses the statistics of the share in a step,
    whose running means are averaged after every epoch.

    Parameters
    ----------
    timeout : float, default=1800
        The number of seconds after which a process that waits for the others gives up
        with an error.

    Raises
    ------
    TypeError, ValueError
        In `fit`, before any training, if `timeout` is no positive number, if
        `torch.distributed` is not initialized, if its backend cannot use the device, or
        if the data or the parameters of the processes differ.
    RuntimeError
        In `fit`, if another process has ended or does not answer in time.

    Notes
    -----
    Every process holds or maps the data: open large arrays as memory maps, which the
    processes of one machine share. The seed is that of the first process.

    All processes stop in the same epoch, because of early stopping or of a callback.
    Ctrl-C in one of them ends the training of all after a few steps. An error in one of
    them is an error in all.

    A :class:`Checkpoint` is written by the first process, and a fit goes on from it
    with any number of processes.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import distributed
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.callbacks import Distributed
    >>> distributed.init_process_group(  # with torchrun, without any argument
    ...     "gloo", store=distributed.HashStore(), rank=0, world_size=1
    ... )
    >>> jae = JointAutoencoder(max_epochs=2, random_state=0, callbacks=[Distributed()])
    >>> jae.fit(np.eye(20, 4)).n_iter_
    2
    >>> distributed.destroy_process_group()
    """

    def __init__(self, timeout: float = 1800) -> None:
        self.timeout = timeout

    @contextmanager
    def opened(self, device: torch.device) -> Iterator[Processes]:
        """The way to the other processes, while a fit is running."""
        timeout = self._seconds()
        if not distributed.is_available() or not distributed.is_initialized():
            raise ValueError(
                "callbacks has Distributed, but there is no process group; start the "
                "script by torchrun and call torch.distributed.init_process_group() "
                "in it, or remove the callback."
            )
        backend = distributed.get_backend_config()
        if device.type not in backend:
            raise ValueError(
                f"The process group has the backend {backend!r}, which does not "
                f"reach device={str(device)!r}; call "
                "torch.distributed.init_process_group() without a backend, or choose "
                "another device."
            )
        with Group.opened(device, timeout) as group:
            yield group

    def _seconds(self) -> float:
        if isinstance(self.timeout, bool) or not isinstance(self.timeout, Real):
            raise TypeError(
                f"timeout of Distributed is {self.timeout!r}, expected a number of "
                "seconds."
            )
        if not self.timeout > 0:
            raise ValueError(
                f"timeout of Distributed is {self.timeout}, expected more than 0."
            )
        return float(self.timeout)
