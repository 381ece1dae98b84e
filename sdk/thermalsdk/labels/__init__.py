"""Class names of the street bundle and tables from other numberings to them."""

from thermalsdk.labels.classes import FALLBACKS, STREET_CLASSES, VOID, stand_in
from thermalsdk.labels.label_table import (
    BUNDLE,
    LabelIds,
    LabelTable,
    open_table,
    read_table,
    table,
    table_names,
)

__all__ = [
    "BUNDLE",
    "FALLBACKS",
    "STREET_CLASSES",
    "VOID",
    "LabelIds",
    "LabelTable",
    "open_table",
    "read_table",
    "stand_in",
    "table",
    "table_names",
]
