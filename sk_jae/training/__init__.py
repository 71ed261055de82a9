"""Training: batches, the objective, the skorch net and the trainer, devices, seeds."""

from sk_jae.training.alignment import start_alike
from sk_jae.training.batches import TaskData
from sk_jae.training.callback_checks import check_callbacks
from sk_jae.training.checkpoints import CheckpointCallback, Keeper, checkpoint_in
from sk_jae.training.counts import counts_of, start_at_mean_rates
from sk_jae.training.device import (
    available_devices,
    check_device,
    default_precision,
)
from sk_jae.training.fingerprint import described, fingerprint_of, fingerprint_of_data
from sk_jae.training.isolation import LentGenerators, plain_torch, seed_from
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TERMS, Phase
from sk_jae.training.optimizers import OptimizerState
from sk_jae.training.processes import Processes, ProcessesCallback, processes_in
from sk_jae.training.reading import SampleReader, read_batches, to_module
from sk_jae.training.spectra import root_mean_power, whitening_gains
from sk_jae.training.thresholds import place_thresholds
from sk_jae.training.timetable import has_two_parts
from sk_jae.training.together import computed_once, run_together
from sk_jae.training.trainer import EpochMonitor, Trainer
from sk_jae.training.units import Units, units_of
from sk_jae.training.user_functions import check_no_class
from sk_jae.training.user_units import FromUser, TargetsToUser, ToUser

__all__ = [
    "TERMS",
    "CheckpointCallback",
    "EpochMonitor",
    "FromUser",
    "JointNet",
    "Keeper",
    "LentGenerators",
    "OptimizerState",
    "Phase",
    "Processes",
    "ProcessesCallback",
    "SampleReader",
    "TargetsToUser",
    "TaskData",
    "ToUser",
    "Trainer",
    "Units",
    "available_devices",
    "check_callbacks",
    "check_device",
    "check_no_class",
    "checkpoint_in",
    "computed_once",
    "counts_of",
    "default_precision",
    "described",
    "fingerprint_of",
    "fingerprint_of_data",
    "has_two_parts",
    "place_thresholds",
    "plain_torch",
    "processes_in",
    "read_batches",
    "root_mean_power",
    "run_together",
    "seed_from",
    "start_alike",
    "start_at_mean_rates",
    "to_module",
    "units_of",
    "whitening_gains",
]
