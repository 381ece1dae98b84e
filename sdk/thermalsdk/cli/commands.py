"""Every command, imported when it is called: a command waits for no package but its own."""

from __future__ import annotations

import argparse


def demo(options: argparse.Namespace) -> None:
    """`thermalsdk demo`."""
    from thermalsdk.cli import demo

    demo.demo(options)


def run(options: argparse.Namespace) -> None:
    """`thermalsdk run`, of a video or of a data set."""
    if options.format or options.workers or options.ray:
        from thermalsdk.cli import twins

        twins.make_twins(options)
    else:
        from thermalsdk.cli import run

        run.run(options)


def bag(options: argparse.Namespace) -> None:
    """`thermalsdk bag`."""
    from thermalsdk.cli import bag

    bag.bag(options)


def view(options: argparse.Namespace) -> None:
    """`thermalsdk view`."""
    from thermalsdk.cli import view

    view.view(options)


def info(options: argparse.Namespace) -> None:
    """`thermalsdk info`."""
    from thermalsdk.cli import info

    info.info(options)


def bench(options: argparse.Namespace) -> None:
    """`thermalsdk bench`."""
    from thermalsdk.cli import bench

    bench.bench(options)


def doctor(options: argparse.Namespace) -> None:
    """`thermalsdk doctor`."""
    from thermalsdk.cli import doctor

    doctor.doctor(options)


def cache_list(options: argparse.Namespace) -> None:
    """`thermalsdk cache list`."""
    from thermalsdk.cli import cache

    cache.list_engines(options)


def cache_clear(options: argparse.Namespace) -> None:
    """`thermalsdk cache clear`."""
    from thermalsdk.cli import cache

    cache.clear(options)


def cache_build(options: argparse.Namespace) -> None:
    """`thermalsdk cache build`."""
    from thermalsdk.cli import cache

    cache.build(options)
