"""Evaluation results as Markdown: the model between the trivial baselines, day and night apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from train.evaluation.frame_scores import TIMES
from train.evaluation.hot_targets import TARGETS

#: Measure, column title, digits.
COLUMNS = (
    ("psnr", "PSNR (dB)", 2),
    ("ssim", "SSIM", 3),
    ("mae_kelvin", "MAE (K)", 2),
    ("bias_kelvin", "bias (K)", 2),
    ("r", "r", 3),
    ("r_within_objects", "r within objects", 3),
    ("class_order", "class order", 3),
    ("luma_error", "luma error", 3),
)
ERRORS = (
    ("mae", "mean absolute"),
    ("bias", "bias"),
    ("object_error", "of object means"),
    ("contrast_error", "of contrast within objects"),
)
NONE = "-"


def markdown(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the report of several results of `evaluate`."""
    head = (
        "Cells give all frames (day / night); brackets are 95 % bootstrap intervals over frames.\n"
        "r: mean within-frame Pearson correlation with the real thermal; within objects: of what is left\n"
        "without the mean of each object. Class order: per-frame Spearman correlation of class means.\n"
        "Luma error: mean of abs(corr(T, luma) - corr(real T, luma)).\n"
    )
    return "\n".join([head, *(_section(result) for result in results)])


def _section(result: Mapping[str, Any]) -> str:
    frames = f"{result['dataset']} {result['split']}, {result['frames']} frames"
    parts = [f"## {frames}, protocol `{result['protocol']}`", _scores(result)]
    if any(result["hot_targets"][target]["all"] for target in TARGETS):
        parts.append(_hot_targets(result["hot_targets"]))
    if result["errors"] is not None:
        parts += [_errors(result["errors"]), _class_errors(result["errors"])]
    parts += [_distances(name, found) for name, found in result["distances"].items() if found is not None]
    parts.append(_gate(result["physics_gate"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _scores(result: Mapping[str, Any]) -> str:
    model = result["model"]
    columns = [column for column in COLUMNS if column[0] in model["all"]]
    rows = [["", *(title for _, title, _ in columns)], ["---"] * (len(columns) + 1)]
    for name, summary in result["baselines"].items():
        rows.append([name, *(_cell(summary, measure, digits) for measure, _, digits in columns)])
    rows.append(["**model**", *(_model_cell(model, measure, digits) for measure, _, digits in columns)])
    gain = result["gain_over_flat"]
    if gain:
        rows.append(["gain over painting R flat", *(_gain_cell(gain, m, digits) for m, _, digits in columns)])
    return _table(rows)


def _hot_targets(targets: Mapping[str, Any]) -> str:
    rows = [
        [
            "hot targets",
            "boxes",
            "direction agrees",
            "always warmer would",
            "rank correlation",
            "median contrast, real / made",
        ],
        ["---"] * 6,
    ]
    for target in TARGETS:
        for time in TIMES:
            entry = targets[target][time]
            if entry is not None:
                rows.append(_target_row(f"{target}, {time}", entry))
    return _table(rows)


def _target_row(name: str, entry: Mapping[str, Any]) -> list[str]:
    medians = f"{entry['median_truth']:.1f} / {entry['median_estimate']:.1f} counts"
    return [
        name,
        str(entry["boxes"]),
        _interval(entry["direction"], 3),
        f"{entry['always_warmer']:.3f}",
        _interval(entry["rank_correlation"], 2),
        medians,
    ]


def _errors(errors: Mapping[str, Any]) -> str:
    columns = [column for column in ERRORS if column[0] in errors["model"]["all"]]
    rows = [[f"errors in {errors['unit']}", *(title for _, title in columns)], ["---"] * (len(columns) + 1)]
    for name, summary in errors["baselines"].items():
        rows.append([name, *(_cell(summary, measure, 2) for measure, _ in columns)])
    rows.append(["**model**", *(_model_cell(errors["model"], measure, 2) for measure, _ in columns)])
    return _table(rows)


def _class_errors(errors: Mapping[str, Any]) -> str:
    rows = [
        [f"model, by class, in {errors['unit']}", "frames", "mean absolute error", "bias"],
        ["---"] * 4,
    ]
    for name, entry in errors["model"]["classes"].items():
        rows.append(
            [name, str(entry["mae"]["count"]), _interval(entry["mae"], 2), _interval(entry["bias"], 2)]
        )
    return _table(rows) if len(rows) > 2 else ""


def _distances(network: str, found: Mapping[str, Any]) -> str:
    floor = found["floor"]
    rows = [
        [f"distances by {network}, {found['crops']} crops", "FD-infinity", "FD", "KID"],
        ["---"] * 4,
        [
            f"halves of the real frames ({floor['frames']} each)",
            _interval(floor["fd_infinity"], 3),
            NONE,
            _interval(floor["kid"], 3),
        ],
        *(_distance_row(name, entry) for name, entry in found["baselines"].items()),
        _distance_row("**model**", found["model"]),
    ]
    return _table(rows)


def _distance_row(name: str, entry: Mapping[str, Any]) -> list[str]:
    return [
        name,
        _interval(entry["fd_infinity"], 3),
        f"{entry['fd']:.3f}",
        _interval(entry["kid"], 3),
    ]


def _gate(gate: Mapping[str, Any]) -> str:
    lines = [f"Physics gate: {'passed' if gate['passed'] else '**failed**'}."]
    for time in ("day", "night"):
        entry = gate[time]
        if entry is not None:
            order, table = _number(entry["class_order"]), _number(entry["class_order_of_table"])
            lines.append(
                f"{time.capitalize()}: class order {order} against {table} of the class table, luma error "
                f"{_number(entry['luma_error'])} (limit 0.15)."
            )
    return " ".join(lines)


def _cell(summary: Mapping[str, Any], measure: str, digits: int) -> str:
    values = [_value(summary[time], measure) for time in TIMES]
    shown = [NONE if value is None else f"{value:.{digits}f}" for value in values]
    return f"{shown[0]} ({shown[1]} / {shown[2]})"


def _model_cell(summary: Mapping[str, Any], measure: str, digits: int) -> str:
    entry = summary["all"].get(measure)
    interval = _ends(entry, digits) if entry else ""
    return f"**{_cell(summary, measure, digits)}**{interval}"


def _gain_cell(gain: Mapping[str, Any], measure: str, digits: int) -> str:
    if measure not in gain["all"]:
        return ""
    shown = [f"{gain[time][measure]:+.{digits}f}" if time in gain else NONE for time in TIMES]
    return f"{shown[0]} ({shown[1]} / {shown[2]})"


def _value(summary: Mapping[str, Any] | None, measure: str) -> float | None:
    return summary[measure]["value"] if summary is not None and measure in summary else None


def _interval(entry: Mapping[str, Any] | None, digits: int) -> str:
    return NONE if entry is None else f"{entry['value']:.{digits}f}{_ends(entry, digits)}"


def _ends(entry: Mapping[str, Any], digits: int) -> str:
    """The interval in brackets, nothing where there is none."""
    ends = [entry["low"], entry["high"]]
    return "" if None in ends else f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
