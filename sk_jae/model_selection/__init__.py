"""Splitters that consider tasks and unlabeled samples, and batched searches."""

from sk_jae.model_selection._batched_search import (
    BatchedRandomizedSearchCV,
    BatchedSearchCV,
)
from sk_jae.model_selection._split import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
)
from sk_jae.model_selection._train_test_split import task_train_test_split

__all__ = [
    "BatchedRandomizedSearchCV",
    "BatchedSearchCV",
    "JointStratifiedKFold",
    "JointStratifiedShuffleSplit",
    "LeaveOneTaskOut",
    "task_train_test_split",
]
