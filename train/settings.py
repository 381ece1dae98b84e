"""Settings: what `--set STAGE.NAME=VALUE` makes of a configuration, and what no configuration may hold."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_args, get_origin, get_type_hints

from thermalsdk.errors import OptionError


def configure(defaults: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """The configurations of the stages that run, by stage.

    Args:
        defaults: by stage, dataclasses.
        settings: `STAGE.NAME=JSON`; of two for the same name the later one counts.

    Raises:
        OptionError: a setting names none of these stages or no field, or the field cannot have its value.
    """
    changes: dict[str, dict[str, Any]] = {stage: {} for stage in defaults}
    for setting in settings:
        path, _, text = setting.partition("=")
        stage, _, name = path.partition(".")
        if stage not in defaults or not text:
            raise OptionError(
                f"--set {setting} is no setting of what is to be trained",
                f"Write STAGE.NAME=VALUE with a stage of {', '.join(defaults)}.",
            )
        changes[stage][name] = _value(defaults[stage], stage, name, text)
    return {stage: _changed(config, stage, changes[stage]) for stage, config in defaults.items()}


def require_positive(config: Any, *names: str) -> None:
    """Raise OptionError unless these settings, or all numbers in them, are above zero."""
    for name in names:
        value = getattr(config, name)
        if min(value if isinstance(value, tuple) else (value,)) <= 0:
            raise OptionError(f"{name}={json.dumps(value)} is not above zero", "Set a larger number.")


def require_natural(config: Any, *names: str) -> None:
    """Raise OptionError for a setting below zero."""
    for name in names:
        if getattr(config, name) < 0:
            raise OptionError(f"{name}={getattr(config, name)} is below zero", "Set 0 or more.")


def require_probabilities(config: Any, *names: str) -> None:
    """Raise OptionError unless these settings are 0 to 1."""
    for name in names:
        if not 0 <= getattr(config, name) <= 1:
            raise OptionError(f"{name}={getattr(config, name)} is no share", "Set a number from 0 to 1.")


def require_stage_settings(config: Any, multiple: int, least: int) -> None:
    """Check what the configurations of all stages have.

    Args:
        multiple, least: what the sides of a window are multiples of, and at least, in pixels.

    Raises:
        OptionError: no network can be trained with one of the settings.
    """
    require_positive(config, "steps", "batch", "learning_rate", "ema_halflife", "scales")
    if any(side % multiple or side < least for side in config.size):
        raise OptionError(
            f"size={json.dumps(config.size)} is no size for this network",
            f"Set [HEIGHT, WIDTH], multiples of {multiple} that are at least {least}.",
        )
    require_probabilities(config, *(f.name for f in fields(config) if f.name.endswith("_share")))
    require_natural(config, "seed", "frozen_blocks")
    if config.scales[0] > config.scales[1]:
        raise OptionError(f"scales={json.dumps(config.scales)} is no range", "Set [LEAST, GREATEST].")
    require_shares(config)


def require_shares(config: Any) -> None:
    """Raise OptionError unless the shares of the datasets can be probabilities."""
    if not any(config.shares.values()) or min(config.shares.values()) < 0:
        raise OptionError(
            f"shares={json.dumps(config.shares)} are no shares",
            "Give at least one set a number above zero, and none a number below.",
        )


def _value(config: Any, stage: str, name: str, text: str) -> Any:
    known = {field.name for field in fields(config) if field.init}
    if name not in known:
        raise OptionError(f"{stage} has no setting {name!r}", f"It has {', '.join(sorted(known))}.")
    now = f"Write JSON of the form that it has now: {json.dumps(getattr(config, name))}"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise OptionError(f"--set {stage}.{name}={text}: no JSON: {error}", now) from error
    value = tuple(value) if isinstance(value, list) else value
    if not _fits(value, get_type_hints(type(config))[name]):
        raise OptionError(f"--set {stage}.{name}={text}: a value of another kind", now)
    return value


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a field's type: int, float, or a tuple or dict of these."""
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(_fits(one, get_args(kind)[1]) for one in value.values())
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    return type(value) is kind


def _changed(config: Any, stage: str, changes: Mapping[str, Any]) -> Any:
    try:
        return replace(config, **changes)
    except OptionError as error:
        raise OptionError(f"{stage}.{error.message}", error.hint) from error
