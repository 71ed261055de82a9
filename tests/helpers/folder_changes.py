"""Count how often a fit goes from one folder of the package to another.

``python tests/helpers/folder_changes.py`` fits a small classifier and prints how many
of its calls go to another folder than the call before. A reader who follows the fit
changes folders as often. The fewer changes, the better each folder holds together.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

import sk_jae

ROOT = Path(sk_jae.__file__).parent


def called_folders(function, *args):
    """The folder of every function of the package that is called, in order.

    A file directly in the package counts as a folder of its own.
    """
    folders = []
    prefix = f"{ROOT}{os.sep}"

    def watch(frame, event, arg):
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(prefix):
            folders.append(name.removeprefix(prefix).partition(os.sep)[0])

    sys.setprofile(watch)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return folders


def folder_changes():
    """How often each pair of folders follows one another in a small fit."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(24, 6)), rng.normal(size=(15, 6))]
    y = [np.arange(24) % 3, None]
    clf = sk_jae.JointTransferClassifier(max_epochs=1, device="cpu", random_state=0)
    clf.fit(X, y)  # what is imported at first use is not counted
    steps = pairwise(called_folders(clf.fit, X, y))
    return Counter((one, other) for one, other in steps if one != other)


if __name__ == "__main__":
    changes = folder_changes()
    for (one, other), n in changes.most_common():
        print(f"{n:4}  {one} -> {other}")
    print(f"{changes.total():4}  changes of folder")
