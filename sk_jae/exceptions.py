"""Warnings and errors of the package."""

__all__ = ["TrainingInterrupted"]


class TrainingInterrupted(UserWarning):
    """Training was stopped by Ctrl-C; the estimator keeps the weights it had reached.

    Examples
    --------
    >>> import warnings
    >>> from sk_jae.exceptions import TrainingInterrupted
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", TrainingInterrupted)  # stop a script as well
    """
