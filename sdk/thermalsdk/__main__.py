"""`python -m thermalsdk` is the command `thermalsdk`."""

import sys

from thermalsdk.cli.main import main

sys.exit(main())
