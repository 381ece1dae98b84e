"""How pytest-xdist shares the tests out: `make test` runs two processes."""

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
