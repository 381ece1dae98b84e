"""The paper's table 1, with what its authors did not report beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: The FIDs that the paper reports, on its own data and with Inception features.
PAPER_FID = {"pix2pix": 117.082, "thermalgan": 93.704, "reduced": 75.447, "paper": 34.890}


def summarise(
    results: Sequence[Mapping[str, Any]], budget: Mapping[str, Any], data: Mapping[str, str]
) -> dict[str, Any]:
    """All results as {protocol: {method: {"SET.MEASURE": value}}} beside the budget and the data.

    Baselines (constant, class means, grey) are rows of their own; a measure that a set cannot have is absent.
    """
    table: dict[str, Any] = {"budget": dict(budget), "data": dict(data)}
    for result in results:
        rows = table.setdefault(result["protocol"], {})
        for name, row in _rows(result).items():
            rows.setdefault(name, {}).update({f"{result['dataset']}.{k}": v for k, v in row.items()})
    for rows in table.values():
        if "paper" in rows and "pix2pix" in rows:
            _add_ratio(rows)
    return table


def table_markdown(table: Mapping[str, Any]) -> str:
    """One Markdown table a protocol and set."""
    sections = []
    for protocol in (name for name in table if name not in ("budget", "data")):
        rows = table[protocol]
        for dataset in table["data"]:
            columns = _columns(rows, dataset)
            if columns:
                header = " | ".join(["method", *columns])
                rule = "|".join([" --- "] * (len(columns) + 1))
                lines = [f"| {header} |", f"|{rule}|"]
                lines += [_line(name, row, dataset, columns) for name, row in rows.items()]
                sections.append(f"## {dataset}, protocol `{protocol}`\n\n" + "\n".join(lines) + "\n")
    return "\n".join(sections)


def _rows(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    distances = next(iter(result["distances"].values())) or {"model": {}, "baselines": {}, "floor": None}
    errors = result["errors"] or {"model": None, "baselines": {}}
    rows = {result["method"]: {"seconds": round(result["seconds"])} | _row(result["model"])}
    rows[result["method"]] |= _distances(distances["model"]) | _errors(errors["model"])
    for name, summary in result["baselines"].items():
        rows[name] = _row(summary) | _distances(distances["baselines"].get(name, {}))
        rows[name] |= _errors(errors["baselines"].get(name))
    if distances["floor"] is not None:
        rows["real against real"] = {
            "fd_infinity": round(distances["floor"]["fd_infinity"]["value"], 3),
            "kid": round(distances["floor"]["kid"]["value"], 5),
        }
    return rows


def _row(summary: Mapping[str, Any]) -> dict[str, float]:
    row = {}
    for name in ("psnr", "ssim"):
        if name in summary["all"]:
            row[name] = round(summary["all"][name]["value"], 4)
    for time in ("day", "night"):
        if summary[time] is not None:
            row |= {
                f"{name}_{time}": round(summary[time][name]["value"], 4)
                for name in ("r", "r_within_objects")
                if name in summary[time]
            }
    return row


def _distances(entry: Mapping[str, Any]) -> dict[str, Any]:
    if not entry:
        return {}
    fd, kid = entry["fd_infinity"], entry["kid"]
    return {
        "fd_infinity": round(fd["value"], 3),
        "fd_infinity_interval": [round(fd["low"], 3), round(fd["high"], 3)],
        "kid": round(kid["value"], 5),
        "kid_interval": [round(kid["low"], 5), round(kid["high"], 5)],
    }


def _errors(entry: Mapping[str, Any] | None) -> dict[str, float]:
    overall = None if entry is None else entry["all"]
    if overall is None:
        return {}
    return {
        name: round(overall[name]["value"], 3)
        for name in ("object_error", "contrast_error")
        if name in overall
    }


def _add_ratio(rows: dict[str, dict[str, Any]]) -> None:
    """The paper's headline, LayerGAN / pix2pix: here of FD-infinity, there of FID."""
    for key in [k for k in rows["paper"] if k.endswith(".fd_infinity")]:
        rows["paper"][f"{key}_over_pix2pix"] = round(rows["paper"][key] / rows["pix2pix"][key], 3)
    rows["paper"]["fid_over_pix2pix_in_the_paper"] = round(PAPER_FID["paper"] / PAPER_FID["pix2pix"], 3)


def _columns(rows: Mapping[str, Mapping[str, Any]], dataset: str) -> list[str]:
    found: dict[str, None] = {}
    for row in rows.values():
        for key, value in row.items():
            owner, _, name = key.partition(".")
            if owner == dataset and not isinstance(value, list):
                found[name] = None
    return list(found)


def _line(name: str, row: Mapping[str, Any], dataset: str, columns: Sequence[str]) -> str:
    cells = [name]
    for column in columns:
        value = row.get(f"{dataset}.{column}")
        interval = row.get(f"{dataset}.{column}_interval")
        text = "" if value is None else f"{value:g}"
        cells.append(f"{text} [{interval[0]:g}, {interval[1]:g}]" if interval else text)
    return f"| {' | '.join(cells)} |"
