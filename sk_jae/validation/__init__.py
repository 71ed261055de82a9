"""What users pass to an estimator, checked and brought into one form.

Every error about samples, labels or per-task parameters is raised here, before any
training, and names the task.
"""

from sk_jae.validation.labels import (
    Labels,
    check_labels,
    check_score_labels,
    labeled_samples,
)
from sk_jae.validation.parameters import check_task, check_weights, per_task
from sk_jae.validation.samples import check_codes, check_tasks, check_unit_range
from sk_jae.validation.targets import split_labels
from sk_jae.validation.tasks import Tasks, open_tasks

__all__ = [
    "Labels",
    "Tasks",
    "check_codes",
    "check_labels",
    "check_score_labels",
    "check_task",
    "check_tasks",
    "check_unit_range",
    "check_weights",
    "labeled_samples",
    "open_tasks",
    "per_task",
    "split_labels",
]
