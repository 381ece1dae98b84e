"""Adapters load when they are imported by name, and simulators' packages when they are used."""

import subprocess
import sys

import pytest


def loaded(statement, *packages):
    code = f"import sys; {statement}; print([name for name in {packages} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_package_loads_no_adapter():
    packages = ("thermalsdk.adapters", "carla", "gymnasium", "rosbags", "rclpy")
    assert loaded("from thermalsdk import Synthesizer, Temperatures", *packages) == "[]"


@pytest.mark.parametrize("adapter", ["carla", "airsim", "ros2", "ros2.node"])
def test_adapters_need_no_simulator_to_be_imported(adapter):
    packages = ("carla", "airsim", "rosbags", "rclpy")
    assert loaded(f"import thermalsdk.adapters.{adapter}", *packages) == "[]"


def test_a_missing_package_is_named_with_its_extra():
    code = "import sys; sys.modules['gymnasium'] = None; import thermalsdk.adapters.gymnasium"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "MissingDependency" in done.stderr
    assert "thermalsdk[gym]" in done.stderr
