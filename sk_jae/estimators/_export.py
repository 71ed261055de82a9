"""Programs of one task that other software runs."""

from __future__ import annotations

import os
from typing import Literal

import torch
from sklearn.utils.validation import check_is_fitted

from sk_jae.estimators._export_files import check_packages, write_program
from sk_jae.estimators._prediction import lender_of
from sk_jae.estimators._programs import program_of
from sk_jae.estimators._saving import Saving
from sk_jae.tasks import check_task
from sk_jae.training import plain_torch

__all__ = ["Exporting"]

_KINDS = ("predict", "predict_proba", "transform", "reconstruct")
_TRANSLATE = "translate"


class Exporting(Saving):
    """The method `export`."""

    def export(
        self,
        task: int | str,
        path: str | os.PathLike[str],
        what: str = "transform",
        format: Literal["torch", "onnx"] = "torch",
        *,
        dtype: str | None = None,
    ) -> None:
        """Write a program that gives one task's outputs without this package.

        The program takes samples as `fit` did and does everything inside: units,
        channels and layout of images, standardization or whitening, what the shared
        branch sees of them, and the units of what comes out. Its first axis may have
        any length. It is written whole or not at all.

        Parameters
        ----------
        task : int or str
            Position or name of the task.
        path : path-like
            The file; ".pt2" and ".onnx" are the usual endings.
        what : {"predict", "predict_proba", "transform", "reconstruct", \
                "translate:<target>"}, default="transform"
            The method whose output the program gives. The output is of the same dtype,
            except that "predict" of a classifier gives the position of the class in
            `classes_` as an integer; the metadata have the classes. After
            "translate:" comes the name of another task.
        format : {"torch", "onnx"}, default="torch"
            A file for :func:`torch.export.load`, or one in the Open Neural Network
            Exchange format, which needs ``pip install "sk_jae[onnx]"``.
        dtype : str or None, default=None
            The dtype of the program's input. None is that of the samples in `fit`;
            "float32" is what most senders of samples use.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If there is no such task, or if the estimator has no such output.
        ImportError
            If packages for the format are missing.
        NotSavableError
            If torch cannot make such a program, for example of a module of yours.
        OSError
            If the file cannot be written.

        Notes
        -----
        The input has the name "x". The metadata are one text in JSON: the property
        "sk_jae" of an ONNX model, and the extra file "sk_jae.json" of torch.export.
        """
        check_is_fitted(self)
        state = self._state
        t = check_task(task, state.task_names, "task")
        what, target = self._checked_what(what)
        if format not in ("torch", "onnx"):
            raise ValueError(f"format must be 'torch' or 'onnx', got {format!r}.")
        check_packages(format)
        with plain_torch(torch.device("cpu")), lender_of(state)():
            program = program_of(state, t, what, target, dtype)
            program.facts["estimator"] = type(self).__name__
            write_program(program, path, format)

    def _checked_what(self, what: object) -> tuple[str, int | None]:
        """The word, and the position of the target of a translation."""
        own = [kind for kind in _KINDS if hasattr(self, kind)]
        word, _, name = what.partition(":") if isinstance(what, str) else ("", "", "")
        if word == _TRANSLATE and name:
            if not self._state.module.n_shared:
                raise ValueError(
                    f"what={what!r} needs a shared code, but n_shared is 0; fit with "
                    "n_shared of at least 1."
                )
            return word, check_task(name, self._state.task_names, "what")
        if what not in own:
            words = ", ".join(map(repr, own))
            raise ValueError(
                f"{type(self).__name__} has no output what={what!r}, expected one of "
                f"{words} or 'translate:<name of a task>'."
            )
        return word, None
