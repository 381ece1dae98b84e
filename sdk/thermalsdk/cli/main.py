"""Entry point of the command `thermalsdk`: arguments, and errors turned into exit codes.

Exit codes: 0 done, 1 an error of thermalsdk, 2 wrong usage, 3 the backend is unavailable, 130 interrupted
(Ctrl-C or SIGTERM).
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from thermalsdk.cli.interrupts import terminated_like_interrupted
from thermalsdk.cli.standard_output import complete_stdout
from thermalsdk.errors import BackendUnavailable, OutputError, ThermalSDKError
from thermalsdk.version import __version__

_EPILOG = """exit codes: 0 done, 1 error (message and hint on stderr), 2 wrong usage, 3 backend unavailable,
130 interrupted (a camera's recording is completed instead). docs/errors.md explains every error.

examples:
  thermalsdk demo --out demo_out
  thermalsdk run road.mp4 road_thermal.mp4 --raw16 road_kelvin.mkv --side-by-side
  thermalsdk run road.mp4 night.mp4 --preset winter-night --camera boson640 --raw16 night_kelvin.mkv
  thermalsdk run coco128/ coco128_thermal/ --format yolo --raw16 coco128_kelvin/ --workers 4
  thermalsdk run frames/ thermal/ --labels tags/ --label-ids carla --palette white-hot
  thermalsdk bag drive/ drive_thermal/ --topic /camera/image_raw --copy
  thermalsdk bench --size 512x512 --against pix2pix
  thermalsdk view road.mp4
  thermalsdk doctor --json
  thermalsdk cache build --flavour rtx --bundle bundles/mine"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        with complete_stdout(), terminated_like_interrupted():
            options = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="thermalsdk",
        description="Turn colour frames into the thermal frames that an infrared camera would have seen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"thermalsdk {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_run(commands)
    _add_bag(commands)
    _add_view(commands)
    _add_info(commands)
    _add_bench(commands)
    _add_doctor(commands)
    _add_cache(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera

    parser = commands.add_parser(
        "demo", help="run the built-in street scenes and write video, picture and kelvin"
    )
    parser.add_argument("--out", default="demo_out", metavar="DIR", help="folder of the results (demo_out)")
    parser.add_argument("--frames", type=_positive, default=96, metavar="N", help="length of the video (96)")
    add_camera(parser)
    _add_common(parser)
    parser.set_defaults(command=_demo)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera, add_label_ids, add_temperatures
    from thermalsdk.display import palette_names

    parser = commands.add_parser("run", help="turn a video, picture, folder or camera into thermal frames")
    parser.add_argument("source", metavar="IN", help="video, picture, folder of pictures, or camera number")
    parser.add_argument(
        "out",
        metavar="OUT",
        help="what to look at: .mp4 .mkv .mov or a picture, replaced if it is there, or a new folder",
    )
    parser.add_argument(
        "--raw16",
        metavar="PATH",
        help="kelvin as well, 0.01 K a count: .mkv, .npz, .png, .tif, or a folder",
    )
    parser.add_argument("--palette", choices=palette_names(), help="colours (the camera's, or white-hot)")
    parser.add_argument(
        "--limits",
        type=_limits,
        metavar="K:K",
        help="kelvin of the first and last colour, for all frames",
    )
    add_temperatures(parser)
    add_camera(parser)
    parser.add_argument(
        "--side-by-side", action="store_true", help="colour frame on the left of the thermal one"
    )
    parser.add_argument(
        "--labels",
        metavar="DIR",
        help="class maps: PNG of the frame's name, or in the order of a video's frames",
    )
    parser.add_argument(
        "--save-labels", metavar="DIR", help="keep the class maps that were used, for --labels of another run"
    )
    parser.add_argument(
        "--instances",
        metavar="DIR",
        help="instance maps likewise, 16-bit PNG, for temperatures of single objects",
    )
    add_label_ids(parser)
    parser.add_argument(
        "--steadiness",
        type=float,
        metavar="S",
        help="share of its temperature that a pixel of a video keeps while the colours stand still (0.8)",
    )
    parser.add_argument(
        "--follow-motion", action="store_true", help="steady what moves too, as a moving camera needs"
    )
    parser.add_argument("--max-frames", type=_positive, metavar="N", help="stop after N frames (cameras too)")
    twins = parser.add_argument_group("the thermal twin of a data set: IN and OUT are folders")
    twins.add_argument("--format", metavar="F", help="layout: coco, yolo or folder (folder)")
    twins.add_argument("--workers", type=_positive, metavar="N", help="processes (1)")
    twins.add_argument(
        "--ray", metavar="ADDRESS", help="on a Ray cluster that shares the folders, or `local` for one here"
    )
    _add_common(parser)
    parser.set_defaults(command=_run)


def _add_bag(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera, add_label_ids, add_temperatures

    parser = commands.add_parser("bag", help="turn the colour images of a ROS bag into thermal ones")
    parser.add_argument("source", metavar="BAG", help="bag folder, .mcap or .db3 file, or ROS 1 .bag")
    parser.add_argument("out", metavar="OUT_BAG", help="folder of the new bag")
    parser.add_argument("--topic", metavar="T", help="colour images, raw or compressed (the only ones)")
    parser.add_argument("--labels-topic", metavar="T", help="class maps with the stamps of the images")
    add_label_ids(parser)
    parser.add_argument(
        "--panoptic", action="store_true", help="class maps are gz-sim's, with numbered objects"
    )
    add_temperatures(parser)
    add_camera(parser)
    parser.add_argument("--namespace", default="/thermal", metavar="N", help="of what is written (/thermal)")
    parser.add_argument("--storage", choices=("sqlite3", "mcap"), default="sqlite3", help="sqlite3 or mcap")
    parser.add_argument("--copy", action="store_true", help="take all topics of BAG along")
    _add_common(parser)
    parser.set_defaults(command=_bag)


def _add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("view", help="serve a local page with the stream and its controls")
    parser.add_argument(
        "source",
        nargs="?",
        default="scene",
        metavar="IN",
        help="video, folder, camera number or scene",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="on 127.0.0.1 (a free one)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    _add_load(parser)
    _add_verbose(parser)
    parser.set_defaults(command=_view)


def _add_info(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("info", help="check a bundle and say what would run it, on what, and why")
    _add_common(parser)
    parser.set_defaults(command=_info)


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("bench", help="measure frames per second on this machine, stage by stage")
    parser.add_argument("--source", metavar="IN", help="video, picture or folder (the built-in street)")
    parser.add_argument("--size", type=_size, default=(512, 512), metavar="WxH", help="frame size (512x512)")
    parser.add_argument("--frames", type=_positive, default=200, metavar="N", help="frames measured (200)")
    parser.add_argument("--warmup", type=_positive, default=20, metavar="N", help="frames before those (20)")
    parser.add_argument(
        "--rgb-only", action="store_true", help="let the bundle predict class map and temperatures"
    )
    parser.add_argument(
        "--against", metavar="NAME", help="time pix2pix, or an ONNX file, in turn with every frame"
    )
    _add_common(parser)
    parser.set_defaults(command=_bench)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="look at this machine and test the bundle on every backend that works here"
    )
    _add_bundle(parser)
    _add_report(parser)
    parser.set_defaults(command=_doctor)


def _add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("cache", help="list, clear or fill the cache of TensorRT engines")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what it holds")
    _add_report(listing)
    listing.set_defaults(command=_cache_list)
    clear = actions.add_parser("clear", help="delete every engine")
    _add_report(clear)
    clear.set_defaults(command=_cache_clear)
    build = actions.add_parser(
        "build", help="build every engine of a bundle now instead of at the first load"
    )
    build.add_argument(
        "--flavour",
        choices=("auto", "trt", "rtx"),
        default="auto",
        help="TensorRT or TensorRT for RTX (auto)",
    )
    build.add_argument("--precision", default="auto", help="auto, fp32, fp16 or int8 (auto)")
    _add_bundle(build)
    _add_report(build)
    build.set_defaults(command=_cache_build)


def _add_common(parser: argparse.ArgumentParser) -> None:
    _add_load(parser)
    _add_report(parser)


def _add_load(parser: argparse.ArgumentParser) -> None:
    _add_bundle(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:0 (auto)")
    parser.add_argument("--backend", default="auto", help="auto, onnxruntime or tensorrt (auto)")
    parser.add_argument("--precision", default="auto", help="auto, fp32, fp16 or int8 (auto)")
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (the cores, at most 8)")


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle", default="street", metavar="B", help="shipped name or bundle folder (street)"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    _add_verbose(parser)


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="show the log of choices made")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, separator, height = text.partition("x")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512x512")
    return _positive(width), _positive(height)


def _limits(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        limits = float(low), float(high)
    except ValueError:
        limits = (0.0, 0.0)
    if not limits[0] < limits[1]:
        raise argparse.ArgumentTypeError(f"{text!r} are no limits; write 270:310, in kelvin")
    return limits


def _demo(options: argparse.Namespace) -> None:
    from thermalsdk.cli.demo import demo

    demo(options)


def _run(options: argparse.Namespace) -> None:
    if options.format or options.workers or options.ray:
        from thermalsdk.cli.twins import make_twins

        make_twins(options)
    else:
        from thermalsdk.cli.run import run

        run(options)


def _bag(options: argparse.Namespace) -> None:
    from thermalsdk.cli.bag import bag

    bag(options)


def _view(options: argparse.Namespace) -> None:
    from thermalsdk.cli.view import view

    view(options)


def _info(options: argparse.Namespace) -> None:
    from thermalsdk.cli.info import info

    info(options)


def _bench(options: argparse.Namespace) -> None:
    from thermalsdk.cli.bench import bench

    bench(options)


def _doctor(options: argparse.Namespace) -> None:
    from thermalsdk.cli.doctor import doctor

    doctor(options)


def _cache_list(options: argparse.Namespace) -> None:
    from thermalsdk.cli.cache import list_engines

    list_engines(options)


def _cache_clear(options: argparse.Namespace) -> None:
    from thermalsdk.cli.cache import clear

    clear(options)


def _cache_build(options: argparse.Namespace) -> None:
    from thermalsdk.cli.cache import build

    build(options)
