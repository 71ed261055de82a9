"""The callback that keeps the state of a training in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path

from sk_jae.callbacks._files import CheckpointFile
from sk_jae.training import CheckpointCallback

__all__ = ["Checkpoint"]


class Checkpoint(CheckpointCallback):
    """Keeps the state of a fit in a folder, so that it goes on after an interruption.

    Given in `callbacks` of an estimator, it writes after every epoch all that the
    training needs to go on. A fit with equal parameters and equal data, in the same
    process or another one, continues from the last of these epochs, and ends with the
    same weights and history as one that was never interrupted. One that was finished
    is read, and not trained again.

    Parameters
    ----------
    path : str or path-like
        A folder, which is made if it does not exist. Fits with other parameters or
        other data have other files in it, so that all candidates of a search, also in
        parallel, can use one folder.
    every : int, default=1
        The number of epochs after which the state is written. At the end of the
        training it always is.

    Raises
    ------
    TypeError, ValueError
        In `fit`, before any training, if `path` is no path or `every` no positive
        integer.
    OSError
        In `fit`, if the folder cannot be made or a file not be written, for example
        because the disk is full. The last file that was written stays, and the
        estimator is as it was.
    sk_jae.exceptions.DamagedFileError
        In `fit`, if the file was changed since it was written.

    Warns
    -----
    UserWarning
        If there is an interrupted fit in the folder which this one does not continue.
        The message says which parameters or data differ.

    Notes
    -----
    Equal parameters are all but `callbacks`, `verbose` and `device="auto"`, which
    stands for the device that it finds. Of `callbacks`, those of skorch that change the
    training count. With ``random_state=None``, an interrupted fit is continued, and a
    finished one is trained anew. The versions of sk_jae and torch must be equal too.

    What a callback remembers is kept if it has the methods `state_dict` and
    `load_state_dict` of torch, or else in attributes whose names end in an underscore.
    A function of your own that remembers something must be a :class:`torch.nn.Module`
    with buffers.

    A file is replaced as a whole, so that a process that is killed leaves the last one.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.callbacks import Checkpoint
    >>> X = np.eye(20, 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     jae = JointAutoencoder(
    ...         max_epochs=5, random_state=0, callbacks=[Checkpoint(folder)]
    ...     )
    ...     losses = jae.fit(X).loss_curve_
    ...     jae.fit(X).loss_curve_ == losses  # read from the folder
    True
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path = path
        self.every = every

    @contextmanager
    def keeper(
        self, fingerprint: Mapping[str, str], seed: int, *, is_seed_free: bool = False
    ) -> Iterator[CheckpointFile | None]:
        """Open the file of a fit."""
        with CheckpointFile.opened(
            self._folder(), dict(fingerprint), seed, self._period(), is_seed_free
        ) as file:
            yield file

    def _folder(self) -> Path:
        if not isinstance(self.path, str | os.PathLike):
            raise TypeError(
                f"path of Checkpoint is {self.path!r}, expected a folder as text or as "
                "a pathlib.Path."
            )
        folder = Path(os.fsdecode(self.path))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _period(self) -> int:
        if isinstance(self.every, bool) or not isinstance(self.every, Integral):
            raise TypeError(
                f"every of Checkpoint is {self.every!r}, expected an int, the number "
                "of epochs from one file to the next."
            )
        if self.every < 1:
            raise ValueError(
                f"every of Checkpoint is {self.every}, expected at least 1."
            )
        return int(self.every)
