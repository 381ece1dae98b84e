"""`python -m train`: trains the layered generator; its sub-commands do everything around it."""

import sys

from train.development_tools import required

with required():
    from train.command import main

if __name__ == "__main__":
    sys.exit(main())
