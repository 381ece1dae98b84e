"""Precision of training: bfloat16 where the machine has it, float32 elsewhere."""

import pytest
import torch

from train.runtime import computes_in_bfloat16, launch


def product_dtype(precision: str) -> torch.dtype:
    """In which a network computes that is run as `precision` says."""
    with launch(precision=precision, accelerator="cpu").autocast():
        return torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"neon": True, "bf16": True}, torch.bfloat16),
        ({"neon": True}, torch.float32),
    ],
)
def test_auto_is_what_the_processor_multiplies_in_hardware(capabilities, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert product_dtype("auto") == expected


@pytest.mark.parametrize("has_it", [True, False])
def test_a_gpu_decides_where_there_is_one(has_it, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_it)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": not has_it})
    assert computes_in_bfloat16() is has_it


@pytest.mark.parametrize(("precision", "expected"), [("32", torch.float32), ("bf16-mixed", torch.bfloat16)])
def test_a_named_precision_is_obeyed(precision, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert product_dtype(precision) == expected
