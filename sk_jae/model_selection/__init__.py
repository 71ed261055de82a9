"""Splitters for `JointArrays` that consider its tasks and its unlabeled samples."""

from sk_jae.model_selection._split import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
)
from sk_jae.model_selection._train_test_split import task_train_test_split

__all__ = [
    "JointStratifiedKFold",
    "JointStratifiedShuffleSplit",
    "LeaveOneTaskOut",
    "task_train_test_split",
]
