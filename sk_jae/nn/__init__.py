"""Torch modules: the joint autoencoder, its layers and the terms of its loss.

They work without scikit-learn and skorch. Build a :class:`JointModule` and train it
with your own loop, or use the one that an estimator has trained, ``est.module_``.
"""

from sk_jae.nn.augmentation import RandomAffine, random_affine
from sk_jae.nn.augmentation import RandomMap as RandomMap
from sk_jae.nn.counting import n_parameters
from sk_jae.nn.description import ModuleDescription as ModuleDescription
from sk_jae.nn.description import OwnLayer as OwnLayer
from sk_jae.nn.description import TaskDescription as TaskDescription
from sk_jae.nn.description import described_module as described_module
from sk_jae.nn.description import skeleton as skeleton
from sk_jae.nn.description import with_weights as with_weights
from sk_jae.nn.fixed_kernels import PositiveProportions
from sk_jae.nn.fixed_kernels import inputs_of as inputs_of
from sk_jae.nn.growth import add_task as add_task
from sk_jae.nn.growth import evaluate_fixed as evaluate_fixed
from sk_jae.nn.growth import held_still as held_still
from sk_jae.nn.growth import trained_scale as trained_scale
from sk_jae.nn.joint import JointModule
from sk_jae.nn.layers import (
    CommonView,
    FlattenLinear,
    TaskSequential,
    UnflattenImage,
    UpConv2d,
)
from sk_jae.nn.losses import (
    agreement_loss,
    classification_loss,
    consistency_loss,
    infomax_loss,
    pairing_loss,
    regression_loss,
)
from sk_jae.nn.one_task import DecoderOfTask as DecoderOfTask
from sk_jae.nn.one_task import EncoderOfTask as EncoderOfTask
from sk_jae.nn.one_task import HeadsOfTask as HeadsOfTask
from sk_jae.nn.one_task import JoinedCodes as JoinedCodes
from sk_jae.nn.outputs import Codes, TaskOutput
from sk_jae.nn.reconstruction import ReconstructionLoss, reconstruction_loss
from sk_jae.nn.reconstruction import output_of as output_of
from sk_jae.nn.signal_augmentation import RandomSignal, random_signal
from sk_jae.nn.signal_layers import BandPower, LogPower
from sk_jae.nn.table_scales import MeanAndSpread as MeanAndSpread
from sk_jae.nn.table_scales import common_scales as common_scales
from sk_jae.nn.table_scales import difference_of_means as difference_of_means
from sk_jae.nn.table_scales import differences_of_means as differences_of_means
from sk_jae.nn.table_scales import kept_difference as kept_difference
from sk_jae.nn.table_scales import mean_and_variance as mean_and_variance
from sk_jae.nn.task_copies import TaskCopies as TaskCopies
from sk_jae.nn.task_norm import TaskBatchNorm
from sk_jae.nn.views import CommonAxis, CommonColumns, CommonScale, CommonSignals
from sk_jae.nn.views import common_scale_of as common_scale_of
from sk_jae.nn.weights import to_arrays as to_arrays
from sk_jae.nn.weights import to_tensors as to_tensors

__all__ = [
    "BandPower",
    "Codes",
    "CommonAxis",
    "CommonColumns",
    "CommonScale",
    "CommonSignals",
    "CommonView",
    "FlattenLinear",
    "JointModule",
    "LogPower",
    "PositiveProportions",
    "RandomAffine",
    "RandomSignal",
    "ReconstructionLoss",
    "TaskBatchNorm",
    "TaskOutput",
    "TaskSequential",
    "UnflattenImage",
    "UpConv2d",
    "agreement_loss",
    "classification_loss",
    "consistency_loss",
    "infomax_loss",
    "n_parameters",
    "pairing_loss",
    "random_affine",
    "random_signal",
    "reconstruction_loss",
    "regression_loss",
]
