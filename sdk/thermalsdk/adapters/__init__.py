"""Thermal cameras for simulators and robots: CARLA, AirSim, ROS 2 with gz-sim, Gymnasium.

Each adapter is a module of its own, imported by name; none is loaded by `import thermalsdk`.
"""
