"""Every error of export is documented."""

from pathlib import Path

import pytest

from export.half import HalfPrecisionError
from export.parity import ParityError
from export.quantize import QuantizationError
from export.run import RunError
from export.trace import ExportError

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "errors.md"


@pytest.mark.parametrize("error", [ExportError, HalfPrecisionError, ParityError, QuantizationError, RunError])
def test_every_error_has_a_section(error: type[Exception]) -> None:
    assert f"### {error.__name__}\n" in DOCUMENTATION.read_text()
