"""The arguments of every command."""

from __future__ import annotations

import argparse

from thermalsdk.cli import commands
from thermalsdk.cli.option_types import limits, positive, size
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


def make_parser() -> argparse.ArgumentParser:
    """The parser of `thermalsdk`; the attribute `command` of what it finds is called with it."""
    parser = argparse.ArgumentParser(
        prog="thermalsdk",
        description="Turn colour frames into the thermal frames that an infrared camera would have seen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"thermalsdk {__version__}")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(parsers)
    _add_run(parsers)
    _add_bag(parsers)
    _add_view(parsers)
    _add_info(parsers)
    _add_bench(parsers)
    _add_doctor(parsers)
    _add_cache(parsers)
    return parser


def _add_demo(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera

    parser = parsers.add_parser(
        "demo", help="run the built-in street scenes and write video, picture and kelvin"
    )
    parser.add_argument("--out", default="demo_out", metavar="DIR", help="folder of the results (demo_out)")
    parser.add_argument("--frames", type=positive, default=96, metavar="N", help="length of the video (96)")
    add_camera(parser)
    _add_common(parser)
    parser.set_defaults(command=commands.demo)


def _add_run(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera, add_label_ids, add_temperatures
    from thermalsdk.display import palette_names

    parser = parsers.add_parser("run", help="turn a video, picture, folder or camera into thermal frames")
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
        type=limits,
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
    parser.add_argument("--max-frames", type=positive, metavar="N", help="stop after N frames (cameras too)")
    twins = parser.add_argument_group("the thermal twin of a data set: IN and OUT are folders")
    twins.add_argument("--format", metavar="F", help="layout: coco, yolo or folder (folder)")
    twins.add_argument("--workers", type=positive, metavar="N", help="processes (1)")
    twins.add_argument(
        "--ray", metavar="ADDRESS", help="on a Ray cluster that shares the folders, or `local` for one here"
    )
    _add_common(parser)
    parser.set_defaults(command=commands.run)


def _add_bag(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from thermalsdk.cli.scene_options import add_camera, add_label_ids, add_temperatures

    parser = parsers.add_parser("bag", help="turn the colour images of a ROS bag into thermal ones")
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
    parser.set_defaults(command=commands.bag)


def _add_view(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parsers.add_parser("view", help="serve a local page with the stream and its controls")
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
    parser.set_defaults(command=commands.view)


def _add_info(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parsers.add_parser("info", help="check a bundle and say what would run it, on what, and why")
    _add_common(parser)
    parser.set_defaults(command=commands.info)


def _add_bench(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parsers.add_parser("bench", help="measure frames per second on this machine, stage by stage")
    parser.add_argument("--source", metavar="IN", help="video, picture or folder (the built-in street)")
    parser.add_argument("--size", type=size, default=(512, 512), metavar="WxH", help="frame size (512x512)")
    parser.add_argument("--frames", type=positive, default=200, metavar="N", help="frames measured (200)")
    parser.add_argument("--warmup", type=positive, default=20, metavar="N", help="frames before those (20)")
    parser.add_argument(
        "--rgb-only", action="store_true", help="let the bundle predict class map and temperatures"
    )
    parser.add_argument(
        "--against", metavar="NAME", help="time pix2pix, or an ONNX file, in turn with every frame"
    )
    _add_common(parser)
    parser.set_defaults(command=commands.bench)


def _add_doctor(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parsers.add_parser(
        "doctor", help="look at this machine and test the bundle on every backend that works here"
    )
    _add_bundle(parser)
    _add_report(parser)
    parser.set_defaults(command=commands.doctor)


def _add_cache(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parsers.add_parser("cache", help="list, clear or fill the cache of TensorRT engines")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what it holds")
    _add_report(listing)
    listing.set_defaults(command=commands.cache_list)
    clear = actions.add_parser("clear", help="delete every engine")
    _add_report(clear)
    clear.set_defaults(command=commands.cache_clear)
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
    build.set_defaults(command=commands.cache_build)


def _add_common(parser: argparse.ArgumentParser) -> None:
    _add_load(parser)
    _add_report(parser)


def _add_load(parser: argparse.ArgumentParser) -> None:
    _add_bundle(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:0 (auto)")
    parser.add_argument("--backend", default="auto", help="auto, onnxruntime or tensorrt (auto)")
    parser.add_argument("--precision", default="auto", help="auto, fp32, fp16 or int8 (auto)")
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads (the cores, at most 8)")
    parser.add_argument(
        "--processing-resolution",
        type=positive,
        metavar="N",
        help="shorter side of frames as the networks see them; less is faster (what the bundle knows)",
    )


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle", default="street", metavar="B", help="shipped name or bundle folder (street)"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    _add_verbose(parser)


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="show the log of choices made")
