"""Average precision by corpus: mean over the seeds, and how far the seeds lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Scores = Mapping[str, Mapping[str, float]]


def summarise(scores: Mapping[str, Sequence[Scores]], **about: Any) -> dict[str, Any]:
    """Scores of each arm's seeds as {"arms": {arm: {"person.night": {"mean", "spread", "seeds"}}}, ...}.

    `spread` is the standard deviation over the seeds (with n - 1); `mean` of an arm averages all its columns.
    """
    return {"arms": {arm: _arm(runs) for arm, runs in scores.items()}, **about}


def table_markdown(results: Mapping[str, Any]) -> str:
    """One row an arm: mean and spread."""
    arms = results["arms"]
    columns = list(next(iter(arms.values())))
    lines = [f"| trained on | {' | '.join(columns)} |", "|" + " --- |" * (len(columns) + 1)]
    for arm, row in arms.items():
        cells = [f"{row[column]['mean']:.3f} ± {row[column]['spread']:.3f}" for column in columns]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _arm(runs: Sequence[Scores]) -> dict[str, Any]:
    flat = [{f"{name}.{time}": v for name, times in run.items() for time, v in times.items()} for run in runs]
    columns = {name: [run[name] for run in flat] for name in flat[0]}
    columns["mean"] = [float(np.mean(list(run.values()))) for run in flat]
    return {name: _statistics(values) for name, values in columns.items()}


def _statistics(values: list[float]) -> dict[str, Any]:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {
        "mean": round(float(np.mean(values)), 4),
        "spread": round(spread, 4),
        "seeds": [round(v, 4) for v in values],
    }
