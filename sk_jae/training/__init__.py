"""Training: batches, the skorch net, seeding and devices."""

from sk_jae.training.batches import TaskData, batches_of, to_module
from sk_jae.training.device import (
    check_device,
    default_precision,
    isolated_random_state,
    seed_from,
)
from sk_jae.training.net import JointNet
from sk_jae.training.objective import Phase

__all__ = [
    "JointNet",
    "Phase",
    "TaskData",
    "batches_of",
    "check_device",
    "default_precision",
    "isolated_random_state",
    "seed_from",
    "to_module",
]
