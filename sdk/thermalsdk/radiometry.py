"""Radiance of black bodies in a band of wavelengths, and its inverse, the apparent temperature.

Planck's law, integrated over the band by Gauss-Legendre quadrature (CODATA constants: c1L = 2hc^2 =
1.191043e8 W um^4 m^-2 sr^-1, c2 = hc/k = 14387.77 um K):

    L(T) = integral of c1L / (lambda^5 (exp(c2 / (lambda T)) - 1)) d lambda      [W m^-2 sr^-1]

A grey body of emissivity e among surroundings at T_r sends e L(T) + (1 - e) L(T_r) towards the camera;
the temperature of a black body that sends the same is its apparent temperature.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.errors import OptionError

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_C1L, _C2 = 1.191043e8, 14387.77
_NODES = 32
#: Kelvin of the tables; what lies outside counts as their end.
_LOW, _HIGH = 100.0, 2100.0
_STEP = 0.1
#: The inverse is tabulated over the fourth root of the radiance, in which temperature is nearly linear.
_ROOTS = 16384


@dataclass(frozen=True)
class Band:
    """A band of wavelengths with sharp edges, in micrometres. Temperatures lie in 100 to 2100 K.

    Raises OptionError for edges that are not 1 to 30 um and in order.
    """

    low_um: float
    high_um: float

    def __post_init__(self) -> None:
        if not 1.0 <= self.low_um < self.high_um <= 30.0:
            raise OptionError(
                f"the band {self.low_um:g} to {self.high_um:g} um cannot be used",
                "Give edges in micrometres, such as 8 and 14.",
            )

    def radiance(self, kelvin: Float32) -> Float32:
        """Radiance of black bodies, W m^-2 sr^-1, of any shape; within 1 mK of the integral."""
        return self._radiances(kelvin)

    def kelvin(self, radiance: Float32) -> Float32:
        """Temperatures of the black bodies that send these radiances (W m^-2 sr^-1), of any shape."""
        return self._temperatures(np.sqrt(np.sqrt(np.maximum(radiance, np.float32(0)))))

    def radiance_at(self, kelvin: float) -> float:
        """Radiance of one black body, W m^-2 sr^-1."""
        return float(np.interp(kelvin, *self._table))

    def kelvin_at(self, radiance: float) -> float:
        """Temperature of the black body that sends this radiance."""
        return float(self.kelvin(np.array([radiance], np.float32))[0])

    def slope_at(self, kelvin: float) -> float:
        """Change of the radiance with temperature, dL/dT, W m^-2 sr^-1 K^-1."""
        return self.radiance_at(kelvin + 0.5) - self.radiance_at(kelvin - 0.5)

    def _integrated(self, kelvin: Float64) -> Float64:
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        half = (self.high_um - self.low_um) / 2
        wavelength = self.low_um + half * (nodes + 1)
        spectral = _C1L / (wavelength**5 * np.expm1(_C2 / np.outer(kelvin, wavelength)))
        return np.asarray(spectral @ (half * weights))

    @functools.cached_property
    def _table(self) -> tuple[Float64, Float64]:
        """Temperatures and their radiances. log L is nearly linear in 1/T: every kelvin is enough there."""
        coarse = np.arange(_LOW, _HIGH + 1.0, 1.0)
        kelvin = np.arange(round((_HIGH - _LOW) / _STEP) + 1) * _STEP + _LOW
        logarithms = np.interp(-1.0 / kelvin, -1.0 / coarse, np.log(self._integrated(coarse)))
        return kelvin.astype(np.float64), np.asarray(np.exp(logarithms), np.float64)

    @functools.cached_property
    def _radiances(self) -> _Table:
        return _Table(self._table[1], _LOW, _STEP)

    @functools.cached_property
    def _temperatures(self) -> _Table:
        kelvin, radiances = self._table
        roots = radiances**0.25
        grid = np.linspace(roots[0], roots[-1], _ROOTS)
        return _Table(np.interp(grid, roots, kelvin), float(grid[0]), float(grid[1] - grid[0]))


class _Table:
    """Values at low, low + step, ..., for arrays of any shape."""

    def __init__(self, values: Float64, low: float, step: float) -> None:
        self._values, self._low, self._step = values.astype(np.float32), low, step

    def __call__(self, positions: Float32) -> Float32:
        rows = np.atleast_2d(positions)
        return compositing.interpolate(rows, self._values, self._low, self._step).reshape(positions.shape)


#: The long-wave window, in which thermal cameras without cooling see.
LONG_WAVE = Band(8.0, 14.0)
