"""Architectures: the paper's notation, descriptions of layers, branches of tasks.

No torch modules are built here, and torch is not imported. A layer is described as in
the notation, for example by ``Conv 32x(5x5)``, and :mod:`sk_jae.nn` builds the module.

The supplement of Epstein, Meir and Michaeli, "Joint autoencoders: a flexible
multi-task / meta-learning framework" (2018), writes a network as a sequence of layers:

=============================  ================================================
``Conv n x (k x k)``           convolution to n channels that keeps the size
``Conv n x (k x k) stride s``  the same convolution, at every s-th position
``Deconv n x k x k``           convolution after 2x2 nearest upsampling
``Deconv n x k x k stride s``  convolution after s x s nearest upsampling
``MP k x k``                   max-pooling over adjacent windows of k x k
``MP k x k stride s``          max-pooling over k x k, at every s-th position
``AP k x k``                   average-pooling, otherwise like MP
``FC k``                       fully connected layer, which flattens an image
``BN``                         batch normalization of the layer before it
``ReLU``                       implied after every hidden layer with weights
``Reshape c x h x w``          from a vector to an image, in decoders
=============================  ================================================

``Conv n,k,s`` and ``Deconv n,k,s`` are short for a square kernel and a stride, as in
the paper's CelebA networks.

For signals (channels, time) there are layers of one dimension, which the paper does not
have:

=============================  ================================================
``Conv n x k``                 convolution over time; ``stride s`` as above
``Deconv n x k``               the same, after nearest upsampling
``MP k``, ``AP k``             pooling over k time steps
``Bands b``                    logarithms of power and its evenness in b bands
``Power``                      the same for each channel, over all frequencies
``Profile s``                  Power, and the responses in s stretches of time
``PPV n x d``                  Profile 8, and how often fixed kernels of dilations
                               up to d are above n thresholds; ``stride s`` as above
``Reshape c x t``              from a vector to a signal, in decoders
=============================  ================================================
"""

from sk_jae.architecture.auto_layers import auto_encoder, signal_encoder
from sk_jae.architecture.branches import Architecture, common_view, describe
from sk_jae.architecture.branches import (
    Coder as Coder,
)
from sk_jae.architecture.checked import Kernel as Kernel
from sk_jae.architecture.checked import Shape
from sk_jae.architecture.column_scale import ColumnScale
from sk_jae.architecture.columns import common_columns
from sk_jae.architecture.columns import has_few as has_few
from sk_jae.architecture.common_axis import AxisPoints
from sk_jae.architecture.common_signals import CommonSteps, common_steps
from sk_jae.architecture.layer_shapes import output_shape, shapes
from sk_jae.architecture.layers import (
    BN,
    FC,
    AvgPool,
    Conv,
    Deconv,
    Layer,
    MaxPool,
    Reshape,
    has_weights,
)
from sk_jae.architecture.memory import free_memory as free_memory
from sk_jae.architecture.mirror import mirror
from sk_jae.architecture.notation import from_widths, parse, to_string
from sk_jae.architecture.signal_layers import N_STRETCHES as N_STRETCHES
from sk_jae.architecture.signal_layers import PPV, Bands, Power, Profile
from sk_jae.architecture.sizes import count_weights

__all__ = [
    "BN",
    "FC",
    "PPV",
    "Architecture",
    "AvgPool",
    "AxisPoints",
    "Bands",
    "ColumnScale",
    "CommonSteps",
    "Conv",
    "Deconv",
    "Layer",
    "MaxPool",
    "Power",
    "Profile",
    "Reshape",
    "Shape",
    "auto_encoder",
    "common_columns",
    "common_steps",
    "common_view",
    "count_weights",
    "describe",
    "from_widths",
    "has_weights",
    "mirror",
    "output_shape",
    "parse",
    "shapes",
    "signal_encoder",
    "to_string",
]
