"""Training: batches, the objective, the skorch net and the trainer, devices, seeds."""

from sk_jae.training.batches import TaskData
from sk_jae.training.callback_checks import check_callbacks
from sk_jae.training.device import (
    available_devices,
    check_device,
    default_precision,
)
from sk_jae.training.isolation import LentGenerators, plain_torch, seed_from
from sk_jae.training.memory import free_memory
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TERMS, Phase
from sk_jae.training.reading import batches_of, to_module
from sk_jae.training.together import run_together
from sk_jae.training.trainer import OptimizerState, Trainer
from sk_jae.training.units import Units, units_of
from sk_jae.training.user_functions import check_no_class

__all__ = [
    "TERMS",
    "JointNet",
    "LentGenerators",
    "OptimizerState",
    "Phase",
    "TaskData",
    "Trainer",
    "Units",
    "available_devices",
    "batches_of",
    "check_callbacks",
    "check_device",
    "check_no_class",
    "default_precision",
    "free_memory",
    "plain_torch",
    "run_together",
    "seed_from",
    "to_module",
    "units_of",
]
