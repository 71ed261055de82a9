"""The modules of one task of the joint module."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from torch import nn

from sk_jae.architecture import Architecture
from sk_jae.nn.builder import Stage, build_encoder, build_stages, output_layer
from sk_jae.nn.layers import TaskSequential
from sk_jae.nn.seeding import generator_of
from sk_jae.nn.tying import naming

__all__ = ["Autoencoders", "build_autoencoders", "build_shared_encoder", "flat"]


@dataclass(frozen=True)
class Autoencoders:
    """The modules of one task that are never tied; None for codes that are not there.

    Attributes
    ----------
    private_encoder, private_decoder, shared_decoder : TaskSequential or None
    output : TaskSequential
    """

    private_encoder: TaskSequential | None
    private_decoder: TaskSequential | None
    shared_decoder: TaskSequential | None
    output: TaskSequential


def build_autoencoders(
    a: Architecture, n_shared: int, n_private: int, seed: int | None
) -> Autoencoders:
    """Build the private autoencoder of a task, its shared decoder and output layer."""
    *hidden, output = a.decoder
    ends = []
    private_encoder = private_decoder = shared_decoder = None
    if n_private:
        draw = generator_of(seed, a.name, "private")
        with naming("encoder", a):
            private_encoder = flat(build_encoder(a.private, a.shape, n_private, draw))
        with naming("decoder", a):
            decoder, end = build_stages(hidden, (n_private,), draw)
        private_decoder = flat(decoder)
        ends.append(end)
    if n_shared:
        draw = generator_of(seed, a.name, "shared")
        with naming("decoder", a):
            decoder, end = build_stages(hidden, (n_shared,), draw)
        shared_decoder = flat(decoder)
        ends.append(end)
    merged = (sum(end[0] for end in ends), *ends[0][1:])
    draw = generator_of(seed, a.name, "output")
    with naming("decoder", a):
        layers = output_layer(output, merged, a.shape, draw)
    return Autoencoders(
        private_encoder, private_decoder, shared_decoder, TaskSequential(layers)
    )


def build_shared_encoder(
    a: Architecture, n_shared: int, seed: int | None
) -> list[Stage]:
    """Build the stages of the shared encoder of one task."""
    draw = generator_of(seed, a.name, "shared encoder")
    with naming("encoder", a):
        return build_encoder(a.shared, a.view, n_shared, draw)


def flat(stages: list[Stage]) -> TaskSequential:
    """Join the modules of stages."""
    modules: list[nn.Module] = [*chain(*stages)]
    return TaskSequential(modules)
