"""A module in half precision, with float32 where half does not do.

Whoever owns weights computes in their precision: its inputs are cast to it on the way in. What lies between
(activations, sums, scalings) follows PyTorch's type promotion. So the inputs of a graph stay float32 up to
the first weights, what the networks take in float32 stays so (`global_mean`, the demodulation of `StyleConv`,
the temperature and the tanh of the outputs), and a part that is kept out of half, an island, hands float32 on
to the next weights.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

#: The backbone's first filters. Batch normalisation folded into them, they amplify what was rounded before:
#: in float32 they cut the error of the encoder's features to half, for less than 5 % of the multiply-adds.
SENSITIVE = ("backbone.stem", "backbone.blocks.0.depthwise")


def sensitive_parts(module: nn.Module) -> set[str]:
    """Names of the parts of a module that stay float32 although half holds their numbers."""
    return {name for name, _ in module.named_modules()} & set(SENSITIVE)


def in_half(module: nn.Module, islands: Collection[str] = ()) -> nn.Module:
    """A copy of a float32 module that takes and gives float32 and computes in half.

    Args:
        module: left as it is.
        islands: names of its sub-modules that stay float32, with all that they hold.
    """
    half = copy.deepcopy(module).eval()
    for name, part in half.named_modules():
        if any(name == island or name.startswith(f"{island}.") for island in islands):
            part.register_forward_pre_hook(_float_inputs)
        elif next(part.parameters(recurse=False), None) is not None:
            part.half()
            part.register_forward_pre_hook(_half_inputs)
    half.register_forward_hook(_float_outputs)
    return half


def _half_inputs(part: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return _cast(inputs, torch.float16)


def _float_inputs(part: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return _cast(inputs, torch.float32)


def _float_outputs(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> Any:
    return _cast(outputs, torch.float32) if isinstance(outputs, tuple) else outputs.float()


def _cast(values: tuple[Any, ...], dtype: torch.dtype) -> tuple[Any, ...]:
    return tuple(v.to(dtype) if isinstance(v, Tensor) else v for v in values)
