"""`python -m export`: a training run becomes a bundle for `Synthesizer.load`, or a bundle gets more in it."""

import sys

from train.development_tools import required

with required():
    from export.command import main

if __name__ == "__main__":
    sys.exit(main())
