"""Thermal topics for ROS 2 and gz-sim: bags are converted, live topics are republished."""

from thermalsdk.adapters.ros2.bag import BagReport, convert_bag

__all__ = ["BagReport", "convert_bag"]
