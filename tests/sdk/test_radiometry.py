"""Band radiance and apparent temperature against an independent integral of Planck's law."""

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from thermalsdk.errors import OptionError
from thermalsdk.radiometry import LONG_WAVE, Band

BANDS = [LONG_WAVE, Band(7.5, 13.5)]


def planck(kelvin, band):
    """Radiance in W m^-2 sr^-1 by adaptive quadrature over metres, in float64."""

    def spectral(wavelength):
        exponent = constants.h * constants.c / (wavelength * constants.k * kelvin)
        return 2 * constants.h * constants.c**2 / wavelength**5 / np.expm1(exponent)

    return quad(spectral, band.low_um * 1e-6, band.high_um * 1e-6, epsrel=1e-10)[0]


@pytest.mark.parametrize("band", BANDS, ids=str)
@pytest.mark.parametrize("kelvin", [120.0, 150.03, 233.15, 300.0, 310.07, 413.15, 800.0, 2000.0])
def test_radiance_is_plancks(band, kelvin):
    exact = planck(kelvin, band)
    one_millikelvin = 1e-3 * (planck(kelvin + 0.5, band) - planck(kelvin - 0.5, band))
    assert band.radiance_at(kelvin) == pytest.approx(exact, abs=one_millikelvin)
    single = float(band.radiance(np.array([kelvin], np.float32))[0])
    assert single == pytest.approx(exact, abs=one_millikelvin)
    assert band.slope_at(kelvin) == pytest.approx(1e3 * one_millikelvin, rel=1e-3)


@pytest.mark.parametrize("band", BANDS, ids=str)
def test_apparent_temperature_inverts_radiance(band):
    kelvin = np.random.default_rng(0).uniform(150, 2000, (40, 50)).astype(np.float32)
    np.testing.assert_allclose(band.kelvin(band.radiance(kelvin)), kelvin, atol=4e-3)
    outdoors = np.linspace(220, 400, 5000, dtype=np.float32)
    np.testing.assert_allclose(band.kelvin(band.radiance(outdoors)), outdoors, atol=1e-3)
    assert band.kelvin_at(planck(300.0, band)) == pytest.approx(300.0, abs=1e-3)


def test_what_lies_beyond_the_tables_counts_as_their_end():
    kelvin = np.array([0.0, 100.0, 2100.0, 9000.0], np.float32)
    np.testing.assert_allclose(
        LONG_WAVE.kelvin(LONG_WAVE.radiance(kelvin)), [100, 100, 2100, 2100], rtol=1e-4
    )
    assert LONG_WAVE.kelvin(np.array([-1.0], np.float32))[0] == pytest.approx(100.0, abs=1e-3)


def test_arguments_stay_as_they_are():
    kelvin = np.full((3, 4), 300, np.float32)
    radiance = LONG_WAVE.radiance(kelvin)
    before = radiance.copy()
    LONG_WAVE.kelvin(radiance)
    np.testing.assert_array_equal(radiance, before)
    np.testing.assert_array_equal(kelvin, 300)


@pytest.mark.parametrize("edges", [(14.0, 8.0), (0.0, 14.0), (8.0, 8.0), (8e-6, 14e-6)])
def test_bands_are_in_micrometres(edges):
    with pytest.raises(OptionError, match="cannot be used"):
        Band(*edges)
