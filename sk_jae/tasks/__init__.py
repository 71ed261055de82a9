"""What users pass to an estimator, checked and brought into one form.

Every error about samples, labels or per-task parameters is raised here, before any
training, and names the task.
"""

from sk_jae.tasks.added_task import (
    AddedTask,
    check_added_labels,
    check_added_targets,
    check_added_task,
)
from sk_jae.tasks.array_types import (
    AllTasks,
    DictOfTasks,
    HasShape,
    ListOfTasks,
    Targets,
    TasksInContainer,
)
from sk_jae.tasks.axes import Axes
from sk_jae.tasks.class_prior import check_class_prior
from sk_jae.tasks.class_weight import weights_of_classes
from sk_jae.tasks.conversion import (
    check_one_dimension,
    check_one_per_sample,
    items_and_names,
    items_per_task,
    to_array,
    to_samples,
)
from sk_jae.tasks.flattened import warn_of_flattened
from sk_jae.tasks.forms import (
    OneSequence,
    Samples,
    TaskInputs,
    has_tasks,
    parse_inputs,
)
from sk_jae.tasks.ids import Ids
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.label_values import (
    UNLABELED,
    has_fractions,
    known_values,
    labeled_mask,
    to_vector,
    with_known_values,
)
from sk_jae.tasks.labels import (
    Labels,
    check_labels,
    check_score_labels,
    labeled_samples,
    split_labels,
)
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.layout_choice import LayoutChoice, LayoutParameter
from sk_jae.tasks.lazy_arrays import BUFFER_BYTES, LazyArray, SampleArray, to_lazy
from sk_jae.tasks.likelihoods import LOSSES, check_losses
from sk_jae.tasks.mixing import evenly_mixed
from sk_jae.tasks.pack import pack
from sk_jae.tasks.pairs import joint_rows
from sk_jae.tasks.parameters import check_task, check_weights, per_task
from sk_jae.tasks.regression_targets import (
    RegressionTargets,
    TargetScale,
    check_regression_targets,
    check_score_targets,
    is_table,
    to_targets,
)
from sk_jae.tasks.row_streams import (
    RowStream,
    batches_of_rows,
    blocks_of,
    order_of_reading,
    window_ends,
)
from sk_jae.tasks.sample_weights import check_sample_weight
from sk_jae.tasks.samples import check_codes, check_tasks
from sk_jae.tasks.sampling_rate import SamplingRate, check_sampling_rate
from sk_jae.tasks.scaling import LARGEST_EXPONENT, LINEAR_RANGE, Scaling
from sk_jae.tasks.sources import is_dataframe, opened, rows_of, to_rows
from sk_jae.tasks.targets import Encoded, EncodedTargets, labeled_rows
from sk_jae.tasks.task_axis import TaskAxis
from sk_jae.tasks.user_level import level_of_user
from sk_jae.tasks.whitened_layouts import whitened_like
from sk_jae.tasks.whitening import AxisWhitening, Whitening
from sk_jae.tasks.wording import counted, default_names, describe_task, listed

__all__ = [
    "BUFFER_BYTES",
    "LARGEST_EXPONENT",
    "LINEAR_RANGE",
    "LOSSES",
    "UNLABELED",
    "AddedTask",
    "AllTasks",
    "Axes",
    "AxisWhitening",
    "DictOfTasks",
    "Encoded",
    "EncodedTargets",
    "HasShape",
    "Ids",
    "JointArrays",
    "Labels",
    "Layout",
    "LayoutChoice",
    "LayoutParameter",
    "LazyArray",
    "ListOfTasks",
    "OneSequence",
    "RegressionTargets",
    "RowStream",
    "SampleArray",
    "Samples",
    "SamplingRate",
    "Scaling",
    "TargetScale",
    "Targets",
    "TaskAxis",
    "TaskInputs",
    "TasksInContainer",
    "Whitening",
    "batches_of_rows",
    "blocks_of",
    "check_added_labels",
    "check_added_targets",
    "check_added_task",
    "check_class_prior",
    "check_codes",
    "check_labels",
    "check_losses",
    "check_one_dimension",
    "check_one_per_sample",
    "check_regression_targets",
    "check_sample_weight",
    "check_sampling_rate",
    "check_score_labels",
    "check_score_targets",
    "check_task",
    "check_tasks",
    "check_weights",
    "counted",
    "default_names",
    "describe_task",
    "evenly_mixed",
    "has_fractions",
    "has_tasks",
    "is_dataframe",
    "is_table",
    "items_and_names",
    "items_per_task",
    "joint_rows",
    "known_values",
    "labeled_mask",
    "labeled_rows",
    "labeled_samples",
    "level_of_user",
    "listed",
    "opened",
    "order_of_reading",
    "pack",
    "parse_inputs",
    "per_task",
    "rows_of",
    "split_labels",
    "to_array",
    "to_lazy",
    "to_rows",
    "to_samples",
    "to_targets",
    "to_vector",
    "warn_of_flattened",
    "weights_of_classes",
    "whitened_like",
    "window_ends",
    "with_known_values",
]
