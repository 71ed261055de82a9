"""Warnings and exceptions of the package."""

__all__ = ["DeviceWarning", "TrainingInterrupted", "TransferWarning"]


class DeviceWarning(UserWarning):
    """What was fitted on a device is loaded where there is none, and uses the CPU.

    Examples
    --------
    >>> import warnings
    >>> from sk_jae.exceptions import DeviceWarning
    >>> warnings.simplefilter("ignore", DeviceWarning)  # where this is as it should be
    """


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a fit after an epoch was finished, and the estimator can be used.

    It has the weights that were reached, with `early_stopping` the best of them.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.exceptions import TrainingInterrupted
    >>> jae = JointAutoencoder(max_epochs=2, random_state=0)
    >>> try:
    ...     jae = jae.fit(np.eye(20, 4))
    ... except TrainingInterrupted:
    ...     pass  # go on with what was learned
    >>> jae.n_iter_
    2
    """


class TransferWarning(UserWarning):
    """What was given to `fit` may be right but probably is not, for a task to learn.

    It comes before any training, and its message names the remedy.

    Examples
    --------
    >>> import warnings
    >>> from sk_jae.exceptions import TransferWarning
    >>> with warnings.catch_warnings():  # refuse in place of warning
    ...     warnings.simplefilter("error", TransferWarning)
    """
