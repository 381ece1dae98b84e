"""Band radiance of the long-wave window and its inverse.

Planck's law, integrated over 8..14 um by the midpoint rule (CODATA constants: c1L = 2hc^2 = 1.191043e8
W um^4 m^-2 sr^-1, c2 = hc/k = 14387.77 um K):

    L(T) = integral of c1L / (lambda^5 (exp(c2 / (lambda T)) - 1)) d lambda      [W m^-2 sr^-1]

A grey body of emissivity e among surroundings at T_r sends e L(T) + (1 - e) L(T_r) towards the camera;
the temperature of a black body that sends the same is its apparent temperature.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_LOW, _HIGH, _STEP = 150.0, 450.0, 0.05


def _integrate(kelvin: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    width = 0.05
    wavelength = np.arange(8.0 + width / 2, 14.0, width)
    exponent = 14387.77 / np.outer(kelvin, wavelength)
    spectral = 1.191043e8 / (wavelength**5 * np.expm1(exponent))
    return np.asarray(spectral.sum(axis=1) * width)


_KELVIN = np.arange(_LOW, _HIGH + _STEP, _STEP)
_COARSE = np.arange(_LOW, _HIGH + 2.0, 1.0)
# log L is nearly linear in 1/T, so a coarse table interpolated there is exact to 1e-5.
_RADIANCE = np.exp(np.interp(-1.0 / _KELVIN, -1.0 / _COARSE, np.log(_integrate(_COARSE))))
_INVERSE_STEP = 0.02
_INVERSE_GRID = np.arange(0.0, _RADIANCE[-1], _INVERSE_STEP)
_INVERSE = np.interp(_INVERSE_GRID, _RADIANCE, _KELVIN).astype(np.float32)
_FORWARD = _RADIANCE.astype(np.float32)


def radiance(kelvin: float) -> float:
    """Black-body radiance over 8..14 um of one temperature (K), in W m^-2 sr^-1."""
    return float(np.interp(kelvin, _KELVIN, _RADIANCE))


def radiance_map(kelvin: Array) -> Array:
    """`radiance` of a whole array (K), by linear interpolation in a table of 0.05 K steps."""
    return _lookup(_FORWARD, (kelvin - np.float32(_LOW)) * np.float32(1.0 / _STEP))


def apparent(radiance_values: Array) -> Array:
    """Inverse of `radiance_map`: the black-body temperature (K) that sends the given radiance."""
    return _lookup(_INVERSE, radiance_values * np.float32(1.0 / _INVERSE_STEP))


def _lookup(table: Array, position: Array) -> Array:
    index = np.clip(position, 0, len(table) - 2).astype(np.int32)
    low = table[index]
    return low + (position - index) * (table[index + 1] - low)


def grey_body(kelvin: float, emissivity: float, reflected_radiance: float) -> float:
    """Radiance (W m^-2 sr^-1) of a surface at `kelvin` that also mirrors `reflected_radiance`."""
    return emissivity * radiance(kelvin) + (1.0 - emissivity) * reflected_radiance
