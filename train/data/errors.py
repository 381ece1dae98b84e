"""What is wrong with a data set, and how to put it right."""

from thermalsdk.errors import ThermalSDKError


class DatasetError(ThermalSDKError, ValueError):
    """A data set or one of its files is missing, unreadable or contradicts dataset.json."""
