"""Training: data, networks, losses, loop, evaluation. `python -m train --help` lists the commands."""
