"""Outdoor surfaces between sun, air and sky: a quasi-steady balance, good for a picture, not for a forecast.

    T = T_air + r (A - D) / h + S      A: absorbed sun, D: long-wave loss to the sky, W m^-2
                                       h: heat transfer coefficient, W m^-2 K^-1
                                       r: response of the material, how far it follows within hours
                                       S: heat stored in masonry and asphalt, K

The clear sky is a slab of air: its emissivity at elevation b is 1 - (1 - e0)^(1 / sin b), e0 = 0.42 in the
window band; clouds radiate as black bodies 6 K below the air. A surface that sees all of a clear sky loses
75 W m^-2 to it, and 11 under full cloud.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk.radiometry import Band

_CLEAR_LOSS, _CLOUD_LOSS = 75.0, 11.0
_ZENITH_EMISSIVITY = 0.42
_AIR_OF_THE_SKY_KELVIN = 4.0
_BELOW_CLOUDS_KELVIN = 6.0
#: A wet surface passes on more of its heat, and lies a little below the air.
_WET_TRANSFER, _WET_KELVIN = 0.7, 0.8


def surface_kelvin(
    air: float, absorbed: float, lost: float, transfer: float, response: float, stored: float
) -> float:
    """T of the formula above."""
    return air + response * (absorbed - lost) / transfer + stored


def sky_loss(cloud: float) -> float:
    """D of a surface that sees nothing but sky, W m^-2; `cloud` is the covered share of the sky."""
    return _CLEAR_LOSS + (_CLOUD_LOSS - _CLEAR_LOSS) * cloud


def heat_transfer(dry: float, wetness: float) -> float:
    """The coefficient h of a surface that is dry (0) to wet (1)."""
    return dry * (1.0 + _WET_TRANSFER * wetness)


def wet_cooling(wetness: float) -> float:
    """How far a wet surface lies below a dry one, K."""
    return _WET_KELVIN * wetness


def cloud_radiance(band: Band, air: float) -> float:
    """Radiance of a cloud base, W m^-2 sr^-1."""
    return band.radiance_at(air - _BELOW_CLOUDS_KELVIN)


def sky_radiance(
    band: Band, air: float, cloud: float, elevation: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Radiance of the clear and the clouded share of the sky, at elevations in radians (any shape)."""
    air_mass = 1.0 / np.maximum(np.sin(elevation), 0.035)
    emissivity = 1.0 - (1.0 - _ZENITH_EMISSIVITY) ** air_mass
    clear = band.radiance_at(air - _AIR_OF_THE_SKY_KELVIN) * emissivity
    return np.asarray(clear + (cloud_radiance(band, air) - clear) * cloud * 0.9)
