"""Measuring a loaded synthesizer: time by stage, throughput, memory, and a rival in the same process."""

from thermalsdk.bench.machine import machine, peak_memory_mib
from thermalsdk.bench.measure import BenchFrame, Measurement, measure, summarise
from thermalsdk.bench.rival import Rival, open_rival
from thermalsdk.bench.throughput import throughput

__all__ = [
    "BenchFrame",
    "Measurement",
    "Rival",
    "machine",
    "measure",
    "open_rival",
    "peak_memory_mib",
    "summarise",
    "throughput",
]
