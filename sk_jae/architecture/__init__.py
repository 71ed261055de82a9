"""Architectures: the paper's notation, layers as descriptions, branches per task.

Nothing is built here and torch is not needed: a layer is described by what stands in
the notation, such as ``Conv 32x(5x5)``, and :mod:`sk_jae.nn` makes modules of it.

The supplement of Epstein, Meir and Michaeli, "Joint autoencoders: a flexible
multi-task / meta-learning framework" (2018), writes a network as a row of layers:

=============================  ================================================
``Conv n x (k x k)``           convolution to n channels that keeps the size
``Conv n x (k x k) stride s``  the same, at every s-th position
``Deconv n x k x k``           convolution after 2x2 nearest upsampling
``Deconv n x k x k stride s``  convolution after s x s nearest upsampling
``MP k x k``                   max-pooling over k x k, windows side by side
``MP k x k stride s``          max-pooling over k x k, at every s-th position
``FC k``                       fully connected; flattens an image
``BN``                         batch normalization of the layer it stands behind
``ReLU``                       implied after every hidden layer with weights
``Reshape c x h x w``          from a vector to an image, in decoders
=============================  ================================================

``Conv n,k,s`` and ``Deconv n,k,s`` are short for a square kernel and a stride, as in
the paper's CelebA networks.
"""

from sk_jae.architecture.branches import (
    Architecture,
    auto_encoder,
    common_view,
    describe,
)
from sk_jae.architecture.branches import (
    Coder as Coder,
)
from sk_jae.architecture.layers import (
    BN,
    FC,
    Conv,
    Deconv,
    Layer,
    MaxPool,
    Reshape,
    Shape,
    has_weights,
    output_shape,
    shapes,
)
from sk_jae.architecture.mirror import mirror
from sk_jae.architecture.notation import from_widths, parse, to_string

__all__ = [
    "BN",
    "FC",
    "Architecture",
    "Conv",
    "Deconv",
    "Layer",
    "MaxPool",
    "Reshape",
    "Shape",
    "auto_encoder",
    "common_view",
    "describe",
    "from_widths",
    "has_weights",
    "mirror",
    "output_shape",
    "parse",
    "shapes",
    "to_string",
]
