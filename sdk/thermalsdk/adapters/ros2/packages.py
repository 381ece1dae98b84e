"""The packages of ROS that the adapter imports where it uses them."""

from __future__ import annotations

from typing import Any

from thermalsdk.optional import import_optional


def import_rosbags(module: str) -> Any:
    """A module of rosbags. Raises MissingDependency."""
    return import_optional(
        f"rosbags.{module}", "rosbags reads and writes bags", "pip install 'thermalsdk[ros2]'"
    )


def import_ros(module: str) -> Any:
    """A module of an installed ROS 2. Raises MissingDependency."""
    return import_optional(
        module,
        "live topics need ROS 2's own Python",
        "source /opt/ros/DISTRO/setup.bash, and use its Python; recorded topics need no ROS: thermalsdk bag.",
    )
