"""The error tree: message, hint, pickling, and one section of docs/errors.md a class."""

import inspect
import pickle
import re
from pathlib import Path

import pytest

from thermalsdk import errors

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]
DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_has_a_complete_section(cls):
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S))
    assert cls.__name__ in sections
    for part in ("When it occurs", "What to check", "How to fix"):
        assert part in sections[cls.__name__]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_message_and_hint_survive_pickling(cls):
    error = pickle.loads(pickle.dumps(cls("broken", "mend it")))  # noqa: S301 - made on this line
    assert isinstance(error, errors.ThermalSDKError)
    assert (error.message, error.hint) == ("broken", "mend it")
    assert str(error) == "broken\nHint: mend it"


def test_no_section_without_a_class():
    names = set(re.findall(r"^## (\w+)$", DOCUMENT.read_text(), re.M))
    assert names == {cls.__name__ for cls in CLASSES}
