"""`python -m thermalsdk.adapters.ros2`: the live node."""

from __future__ import annotations

import sys

from thermalsdk.adapters.ros2.node import spin
from thermalsdk.errors import ThermalSDKError


def main() -> int:
    """Run the node; 1 with the error on stderr when it cannot start."""
    try:
        spin()
    except ThermalSDKError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\nsee: {error.documentation}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
