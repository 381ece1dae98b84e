"""`thermalsdk doctor`: what this machine has, and whether its backends compute the golden frame right."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from thermalsdk.bundle import Bundle
from thermalsdk.cli.console import report, table
from thermalsdk.doctor import GoldenResult, compare_backends, environment
from thermalsdk.doctor.golden import FAIL, PASS
from thermalsdk.errors import BackendUnavailable, BundleError, EnvironmentConflict, SelfTestError


def doctor(options: argparse.Namespace) -> None:
    """Print facts and results.

    Raises SelfTestError when a backend fails, BundleError for a damaged bundle, EnvironmentConflict for
    packages that exclude each other, and BackendUnavailable when nothing can run the bundle here.
    """
    facts = environment()
    try:
        results = list(compare_backends(Bundle.open(options.bundle)))
    except BundleError as error:
        _show(facts, [], error.message, options.json)
        raise
    _show(facts, results, "sound", options.json)
    _judge(results, facts["conflicts"])


def _show(facts: dict[str, object], results: Sequence[GoldenResult], bundle: str, as_json: bool) -> None:
    rows = [asdict(result) for result in results]
    if as_json:
        report({"environment": facts, "bundle": bundle, "backends": rows}, as_json)
        return
    report({**facts, "bundle": bundle}, as_json)
    print()
    table(rows)


def _judge(results: Sequence[GoldenResult], conflicts: Sequence[str]) -> None:
    failed = [_complaint(result) for result in results if result.status == FAIL]
    if failed:
        raise SelfTestError(
            "; ".join(failed), "Load the bundle on a backend that passes; report one with wrong outputs."
        )
    if conflicts:
        raise EnvironmentConflict(conflicts[0], "Uninstall as it says; every conflict is listed above.")
    if not any(result.status == PASS for result in results):
        raise BackendUnavailable(
            "nothing on this machine can run the bundle", "pip install 'thermalsdk[cpu]'; reasons are above."
        )


def _complaint(result: GoldenResult) -> str:
    place = f"{result.backend} on {result.device} at {result.precision}"
    if result.max_difference is None:
        return f"{place} could not be run: {result.detail}"
    return f"wrong outputs from {place}"
