"""What each of several networks computes in a step, from one computation for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from sk_jae.nn import Codes, JointModule
from sk_jae.training.stacked_module import Stack

__all__ = ["OutputsOfStep"]

Inputs: TypeAlias = Sequence[Tensor | None]  # one per task
Key: TypeAlias = tuple[Any, ...]


class OutputsOfStep:
    """The outputs of the networks in a stack for the samples of one step.

    What one network asks for is computed for all of them, when the first one asks, and
    kept for the others, which ask for the same. Every network gets its part of it.

    Parameters
    ----------
    stack : Stack
    samples : sequence of tuple of Inputs
        For each network the samples that it may ask for, in several forms: as they are,
        and augmented.
    """

    def __init__(self, stack: Stack, samples: Sequence[tuple[Inputs, ...]]) -> None:
        self.stack, self.samples = stack, samples
        self._found: dict[Key, Any] = {}

    def encode(self, form: int, tasks: tuple[int, ...]) -> list[Codes | None]:
        """Codes of the samples of some tasks, of all networks."""

        def compute() -> list[Codes | None]:
            inputs: list[Tensor | None] = [None] * len(self.samples[0][form])
            for t in tasks:
                own: list[Any] = [forms[form][t] for forms in self.samples]
                inputs[t] = torch.cat(own)
            codes: list[Codes | None] = self.stack.module.encode(inputs)
            return codes

        found: list[Codes | None] = self._once(("encode", form, tasks), compute)
        return found

    def apply(self, method: str, key: Key, task: int, *args: Any) -> Tensor | None:
        """What a method of the joint module makes of codes of one task."""
        _, form, tasks = key

        def compute() -> Tensor | None:
            codes = self.encode(form, tasks)[task]
            found: Tensor | None = getattr(self.stack.module, method)(
                task, codes, *args
            )
            return found

        whole: Tensor | None = self._once((method, key, task, args), compute)
        return whole

    def parts(self, key: Key, whole: Tensor) -> Sequence[Tensor]:
        """A tensor (n_networks * n, ...) as one (n, ...) per network."""
        found: Sequence[Tensor] = self._once(
            ("parts", *key), lambda: whole.chunk(self.stack.n)
        )
        return found

    def _once(self, key: Key, compute: Callable[[], Any]) -> Any:
        if key not in self._found:
            self._found[key] = compute()
        return self._found[key]

    def of(self, i: int, module: JointModule) -> Any:
        """Stands for the module of one network in a step."""
        return _Network(self, i, module)


class _Network:
    """A joint module whose results are parts of those of a stack.

    It has the methods that an objective needs, and the attributes of the module.
    """

    def __init__(self, outputs: OutputsOfStep, i: int, module: JointModule) -> None:
        self._outputs, self._i, self._module = outputs, i, module
        self._asked: list[tuple[Codes, Key]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def encode(self, inputs: Inputs) -> list[Codes | None]:
        form = self._form_of(inputs)
        tasks = tuple(t for t, x in enumerate(inputs) if x is not None)
        key = ("encode", form, tasks)
        found: list[Codes | None] = [None] * len(inputs)
        for t in tasks:
            codes = self._outputs.encode(form, tasks)[t]
            assert codes is not None
            own = Codes(*(self._own((key, t, k), z) for k, z in enumerate(codes)))
            self._asked.append((own, key))
            found[t] = own
        return found

    def _form_of(self, inputs: Inputs) -> int:
        """Which of the known samples these are."""
        return next(
            form
            for form, known in enumerate(self._outputs.samples[self._i])
            if all(x is None or x is y for x, y in zip(inputs, known, strict=True))
        )

    def _own(self, key: Key, whole: Tensor) -> Tensor:
        return self._outputs.parts(key, whole)[self._i]

    def _apply(self, method: str, task: int, z: Codes, *args: Any) -> Tensor | None:
        key = next(key for codes, key in self._asked if codes is z)
        whole = self._outputs.apply(method, key, task, *args)
        return whole if whole is None else self._own((method, key, task, args), whole)

    def decode(self, task: int, z: Codes, *args: Any) -> Tensor | None:
        return self._apply("decode", task, z, *args)

    def classify(self, task: int, z: Codes) -> Tensor | None:
        return self._apply("classify", task, z)

    def regress(self, task: int, z: Codes) -> Tensor | None:
        return self._apply("regress", task, z)
