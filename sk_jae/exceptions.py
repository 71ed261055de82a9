"""Warnings and errors of the package."""

__all__ = ["DeviceWarning", "TrainingInterrupted"]


class DeviceWarning(UserWarning):
    """What was fitted on a device is loaded where there is none, and uses the CPU.

    Examples
    --------
    >>> import warnings
    >>> from sk_jae.exceptions import DeviceWarning
    >>> warnings.simplefilter("ignore", DeviceWarning)  # where this is as it should be
    """


class TrainingInterrupted(UserWarning):
    """Training was stopped by Ctrl-C; the estimator keeps the weights it had reached.

    Examples
    --------
    >>> import warnings
    >>> from sk_jae.exceptions import TrainingInterrupted
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", TrainingInterrupted)  # stop a script as well
    """
