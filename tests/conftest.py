"""How pytest-xdist shares the tests out, and what tests report at the end."""

import pytest

#: Their tests share bundles and engines that take long to make, once in each process that needs them.
KEPT_TOGETHER = ("tests/engines/", "tests/export/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files, and whole folders of those that are kept together."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            folders = [folder for folder in KEPT_TOGETHER if nodeid.startswith(folder)]
            return folders[0] if folders else super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_terminal_summary(terminalreporter):
    """Print what tests recorded with `record_property`; what they print themselves stays in their process."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
