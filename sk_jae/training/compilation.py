"""An experiment for GPUs: the objective compiled, behind one switch.

With "1" in the environment variable `SK_JAE_COMPILE`, `torch.compile` makes CUDA graphs
of it; any other word but "0" names a backend of `torch.compile`. What cannot be
compiled is computed as usual. The switch is off until losses on a GPU were seen to be
equal.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import torch
from torch import nn

__all__ = ["CompiledCall"]

SWITCH = "SK_JAE_COMPILE"

# Random numbers as without compilation, so that losses can be compared.
_OPTIONS = {"triton.cudagraphs": True, "fallback_random": True}


class CompiledCall:
    """Calls a module, compiled if the switch is on and as long as that works."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        choice = os.environ.get(SWITCH, "")
        self.is_compiled = choice not in ("", "0")
        if self.is_compiled:
            try:
                if choice == "1":
                    module.compile(options=_OPTIONS)
                else:
                    module.compile(backend=choice)
            except Exception as error:
                self._give_up(error)

    def __call__(self, *args: Any) -> Any:
        if not self.is_compiled:
            return self.module.forward(*args)
        try:
            torch.compiler.cudagraph_mark_step_begin()
            return self.module(*args)
        except Exception as error:  # compilers fail in many ways
            self._give_up(error)
            return self.module.forward(*args)

    def _give_up(self, error: Exception) -> None:
        self.is_compiled = False
        warnings.warn(
            f"The objective cannot be compiled ({type(error).__name__}), so it is "
            f"computed as usual; unset {SWITCH} to be rid of this warning.",
            UserWarning,
            stacklevel=2,
        )
