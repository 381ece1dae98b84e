"""Entry point of the command `thermalsdk`: errors turned into exit codes.

Exit codes: 0 done, 1 an error of thermalsdk, 2 wrong usage, 3 the backend is unavailable, 130 interrupted
(Ctrl-C or SIGTERM).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from thermalsdk.cli.interrupts import terminated_like_interrupted
from thermalsdk.cli.parser import make_parser
from thermalsdk.cli.standard_output import complete_stdout
from thermalsdk.errors import BackendUnavailable, OutputError, ThermalSDKError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        with complete_stdout(), terminated_like_interrupted():
            options = make_parser().parse_args(arguments)
            level = logging.INFO if options.verbose else logging.WARNING
            logging.basicConfig(format="%(message)s", level=level)
            options.command(options)
    except ThermalSDKError as error:
        _complain(error)
        return 3 if isinstance(error, BackendUnavailable) else 1
    except BrokenPipeError:  # whoever reads stdout has seen enough
        return 1
    except OSError as error:  # of a path that no check above has tried
        _complain(OutputError(str(error), "Check the paths of the command, their permissions and the disk."))
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"interrupted; {str(interrupt) or 'nothing incomplete is left behind'}", file=sys.stderr)
        return 130
    return 0


def _complain(error: ThermalSDKError) -> None:
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    print(f"see: {error.documentation}", file=sys.stderr)
