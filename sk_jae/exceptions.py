"""Warnings and exceptions of the package."""

__all__ = [
    "DamagedFileError",
    "DeviceWarning",
    "MissingFunctionError",
    "ModelFileError",
    "NotSavableError",
    "TrainingInterrupted",
    "TransferWarning",
    "UnknownFormatError",
]


class ModelFileError(OSError):
    """A file of a fitted estimator cannot be written or read; see the subclasses.

    Examples
    --------
    >>> from sk_jae.exceptions import ModelFileError
    >>> issubclass(ModelFileError, OSError)
    True
    """


class DamagedFileError(ModelFileError):
    """A file is not as it was written, and nothing of it was loaded.

    Examples
    --------
    >>> from sk_jae.exceptions import DamagedFileError
    >>> issubclass(DamagedFileError, OSError)
    True
    """


class UnknownFormatError(ModelFileError):
    """A file is of something else, or of a newer version of this package.

    Examples
    --------
    >>> from sk_jae.exceptions import UnknownFormatError
    >>> issubclass(UnknownFormatError, OSError)
    True
    """


class MissingFunctionError(ModelFileError):
    """A file does not hold functions of the user, and `load` was not given them.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import sk_jae
    >>> from sk_jae.exceptions import MissingFunctionError
    >>> def absolute(reconstruction, target):
    ...     return (reconstruction - target).abs()
    >>> jae = sk_jae.JointAutoencoder(reconstruction_loss=absolute, max_epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.jae")
    ...     jae.fit(np.eye(20, 4)).save(path)
    ...     given = {"reconstruction_loss": absolute}
    ...     same = sk_jae.load(path, functions=given)
    ...     try:
    ...         sk_jae.load(path)
    ...     except MissingFunctionError as error:
    ...         print("reconstruction_loss (absolute)" in str(error))
    True
    """


class NotSavableError(ModelFileError):
    """Something of an estimator has no place in a file, and nothing was written.

    Examples
    --------
    >>> from sk_jae.exceptions import NotSavableError
    >>> issubclass(NotSavableError, OSError)
    True
    """


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
    """The predictions for a task without labels may be no better than a guess.

    A fit says so before it trains. As an error the warning ends the fit, and the
    estimator stays as it was.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.exceptions import TransferWarning
    >>> X, X_other, y = np.eye(20, 6), np.eye(20, 4), np.arange(20) % 2
    >>> with warnings.catch_warnings():
    ...     warnings.filterwarnings("error", category=TransferWarning)
    ...     JointTransferClassifier().fit([X, X_other], [y, None])
    Traceback (most recent call last):
        ...
    sk_jae.exceptions.TransferWarning: The first layers of task 'task1' cannot ...
    """
