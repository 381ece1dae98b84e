"""What this machine has, and whether every backend on it computes what the bundle's maker computed."""

from thermalsdk.doctor.conflicts import find_conflicts
from thermalsdk.doctor.environment import environment
from thermalsdk.doctor.golden import GoldenResult, compare_backends

__all__ = ["GoldenResult", "compare_backends", "environment", "find_conflicts"]
