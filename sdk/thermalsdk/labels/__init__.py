"""Class names of the street bundle and tables from other numberings to them."""

from thermalsdk.labels.classes import FALLBACKS, STREET_CLASSES, VOID
from thermalsdk.labels.label_table import LabelTable, read_table, table, table_names

__all__ = ["FALLBACKS", "STREET_CLASSES", "VOID", "LabelTable", "read_table", "table", "table_names"]
