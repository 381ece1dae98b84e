"""`python -m export`: a training run becomes a bundle for `Synthesizer.load`, or a bundle gets more in it."""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial
from pathlib import Path

from export.bundle import Addition, extend_bundle, write_bundle
from export.engines import add_engine_options, add_engines, build_bundle_engines
from export.fused.write import add_fused
from export.half import add_half_twins
from export.methods import export_method, is_method_run
from export.pipeline import add_pipeline
from export.quantize import add_int8_segmenter, labelled_sets
from export.run import holds_runs, load_run, newest_run
from export.staging import refuse_mount_point
from export.triton import write_repository
from thermalsdk.bundle import MANIFEST_NAME, Bundle, shipped_bundles
from thermalsdk.engines import FLAVOURS
from thermalsdk.errors import BackendUnavailable, OptionError, ThermalSDKError
from train.scenes_dataset import default_data

RUNS = Path("runs")
SHIPPED = "street"
ANY_SIZE = "any"
EXAMPLES = """examples:
  python -m export                                   the newest complete run in runs/ -> bundles/NAME
  python -m export --fp16                            with half-precision twins; without a run, of `street`
  python -m export --engines rtx                     with TensorRT engines, and a graph of all layers for them
  python -m export --int8 --data runs/data           with a segmenter in 8-bit integers too
  python -m export --checkpoint street --pipeline 480x640        one graph of the whole synthesis
  python -m export --checkpoint bundles/mine --triton models     a repository for Triton Inference Server
  python -m export --checkpoint runs/compare/paper   one method of the comparison, as plain ONNX graphs
  python -m export --checkpoint runs/mine --base street          what runs/mine has, the rest of `street`
  python -m export --checkpoint runs/street --out bundles/mine --card docs/model-cards/street.md
"""

logger = logging.getLogger("export")


def main() -> int:
    """Entry point; returns the exit code: 0 done, 1 an error with its fix, 2 usage, 3 no such backend."""
    logging.basicConfig(format="%(message)s")
    logger.setLevel(logging.INFO)
    parser = _parser()
    args = parser.parse_args()
    if args.card is not None and not args.card.is_file():
        parser.error(f"--card {args.card}: there is no such file")
    if args.engines_only is not None and args.engines == "none":
        parser.error("--engines-only with --engines none leaves nothing to do")
    try:
        if args.engines_only is not None:
            build_bundle_engines(Bundle.open(args.engines_only), args.engines)
        else:
            print(_export(args))
    except ThermalSDKError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3 if isinstance(error, BackendUnavailable) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m export",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--checkpoint",
        metavar="RUN|BUNDLE",
        help="run directory, bundle folder or shipped bundle "
        f"(default: the newest complete run in {RUNS}/; without any run, {SHIPPED})",
    )
    parser.add_argument(
        "--base",
        metavar="BUNDLE",
        help="bundle that gives the stages which the run lacks, such as street: who trains a labeller alone "
        "need not train the rest",
    )
    parser.add_argument("--out", type=Path, help="the bundle's folder (default: bundles/NAME)")
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="write half-precision twins of every graph too, and encoder and layers as one graph for GPUs",
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="write the segmenter in 8-bit integers too: for ONNX Runtime on CPUs, and for TensorRT",
    )
    parser.add_argument(
        "--pipeline",
        nargs="?",
        const=ANY_SIZE,
        type=_size,
        metavar="HxW",
        help="write encoder, layers and composition as one graph too; "
        "of one frame size, or of any multiple of 32",
    )
    parser.add_argument(
        "--triton", type=Path, metavar="DIR", help="write a Triton model repository with the pipeline too"
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="prepared sets that judge --fp16, --int8 and --pipeline besides procedural scenes",
    )
    parser.add_argument("--card", type=Path, help="model card (Markdown) to put into the bundle")
    add_engine_options(parser)
    return parser


def _size(text: str) -> str | tuple[int, int]:
    """Argument of --pipeline; argparse reports a ValueError as wrong usage."""
    if text == ANY_SIZE:
        return text
    height, width = (int(side) for side in text.lower().split("x"))
    if min(height, width) < 64 or height % 32 or width % 32:
        raise argparse.ArgumentTypeError(f"{text}: both sides are multiples of 32, 64 or more")
    return height, width


def _export(args: argparse.Namespace) -> Path:
    source = args.checkpoint or _default_source()
    is_bundle = source in shipped_bundles() or (Path(source) / MANIFEST_NAME).exists()
    if not is_bundle and is_method_run(Path(source)):
        _refuse_options_of_bundles(args)
        return export_method(Path(source), args.out or Path("bundles") / Path(source).name)
    if is_bundle and args.base is not None:
        raise OptionError(f"{source} is a bundle, which lacks no stage", "Leave --base out.")
    if args.triton is not None:
        refuse_mount_point(args.triton)
    additions = _additions(args)
    if is_bundle:
        bundle = Bundle.open(source)
        out = args.out or Path("bundles") / bundle.path.name
        former = _files_of(out)
        extend_bundle(bundle, out, args.card, additions)
    else:
        run = load_run(Path(source), None if args.base is None else Bundle.open(args.base))
        out = args.out or Path("bundles") / run.directory.name
        former = _files_of(out)
        write_bundle(run, out, out.absolute().name, args.card, additions)
    exported = Bundle.open(out)
    _say_what_went(out, former - _files_of(out))
    if args.triton is not None:
        write_repository(exported, args.triton)
        logger.info("Triton model repository: %s", args.triton)
    add_engines(exported, args.engines)
    return out


def _files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.onnx")}


def _say_what_went(out: Path, gone: set[str]) -> None:
    if gone:
        logger.warning(
            "%s was written anew and no longer holds %s; --checkpoint %s adds to what it holds",
            out,
            ", ".join(sorted(gone)),
            out,
        )


def _refuse_options_of_bundles(args: argparse.Namespace) -> None:
    """Raise OptionError for options that the graphs of a method do not have."""
    options = ("base", "fp16", "int8", "pipeline", "triton", "card")
    given = [f"--{name}" for name in options if getattr(args, name)]
    if args.engines in FLAVOURS:
        given.append("--engines")
    if given:
        raise OptionError(
            f"{args.checkpoint} is a method of the comparison, which is exported without {', '.join(given)}",
            "Leave them out; they are for bundles.",
        )


def _additions(args: argparse.Namespace) -> list[Addition]:
    """What the bundle gets besides FP32 graphs, in the order in which it is made."""
    additions: list[Addition] = []
    if args.int8:
        sets = labelled_sets(args.data or default_data())
        additions.append(partial(add_int8_segmenter, sets=sets))
    if args.fp16:
        additions.append(partial(add_half_twins, data=args.data))
    if args.fp16 or args.engines in FLAVOURS:
        additions.append(partial(add_fused, data=args.data))
    if args.pipeline is not None or args.triton is not None:
        size = None if args.pipeline in (None, ANY_SIZE) else args.pipeline
        additions.append(partial(add_pipeline, size=size, data=args.data))
    return additions


def _default_source() -> str:
    """The newest complete run, or the shipped bundle for whoever never trained."""
    if holds_runs(RUNS) or SHIPPED not in shipped_bundles():
        return str(newest_run(RUNS))
    logger.info("%s/ holds no training run: exporting the shipped bundle %s", RUNS, SHIPPED)
    return SHIPPED
