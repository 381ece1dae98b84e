"""sensor_msgs as arrays: encodings, rows that are padded, byte order, gz-sim's label maps, CameraInfo."""

import numpy as np
import pytest

from tests.sdk.adapters import bags
from thermalsdk.adapters.ros2 import images
from thermalsdk.adapters.ros2.camera_info import intrinsics
from thermalsdk.errors import VideoError

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 10, 3), np.uint8)
ALPHA = np.full((6, 10, 1), 9, np.uint8)
ENCODED = {
    "rgb8": COLOURS,
    "bgr8": COLOURS[..., ::-1],
    "rgba8": np.concatenate([COLOURS, ALPHA], axis=-1),
    "bgra8": np.concatenate([COLOURS[..., ::-1], ALPHA], axis=-1),
    "8UC3": COLOURS[..., ::-1],
}


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", ENCODED)
def test_every_encoding_gives_its_colours(encoding, padding):
    message = bags.image(ENCODED[encoding], 0, encoding, padding=padding)
    found = images.rgb(message)
    np.testing.assert_array_equal(found, COLOURS)
    assert np.shares_memory(found, message.data)


def test_compressed_colours():
    np.testing.assert_array_equal(images.rgb(bags.compressed(COLOURS, 0)), COLOURS)


@pytest.mark.parametrize("padding", [0, 4, 3])
@pytest.mark.parametrize(("encoding", "dtype"), [("mono8", "u1"), ("16UC1", "<u2"), ("mono16", ">u2")])
def test_class_maps_of_one_channel(encoding, dtype, padding):
    ids = np.arange(60).reshape(6, 10).astype(dtype)
    found = images.labels(bags.image(ids, 0, encoding, padding=padding))
    np.testing.assert_array_equal(found.labels, ids)
    assert found.instances is None


def test_gz_sims_panoptic_labels():
    """gz-sensors, segmentation_camera.md: label in the last channel, count = channel 1 * 256 + channel 0."""
    labels, counts = np.full((6, 10), 8, np.uint8), np.arange(60).reshape(6, 10) * 1000
    pixels = np.stack([counts % 256, counts // 256, labels], axis=-1).astype(np.uint8)
    found = images.labels(bags.image(pixels, 0), panoptic=True)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.instances, counts)
    assert images.labels(bags.image(pixels, 0)).instances is None


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "mono8", "yuv422"])
def test_pictures_without_colours_are_refused(encoding):
    with pytest.raises(VideoError, match=encoding):
        images.rgb(bags.image(COLOURS[..., :1], 0, encoding))


def test_class_maps_without_ids_are_refused():
    with pytest.raises(VideoError, match="32FC1"):
        images.labels(bags.image(np.zeros((6, 10, 1), np.float32), 0, "32FC1"))


def test_a_buffer_that_is_too_short_is_refused():
    message = bags.image(COLOURS, 0)
    message.data = message.data[:-1]
    with pytest.raises(VideoError, match="179 bytes"):
        images.rgb(message)


def test_a_damaged_jpeg_is_refused():
    message = bags.compressed(COLOURS, 0)
    message.data = message.data[:20]
    with pytest.raises(VideoError, match="compressed"):
        images.rgb(message)


def test_intrinsics_are_the_colour_cameras():
    given = bags.info(128, 96, 0)
    fields = intrinsics(given, 128, 96)
    for name in ("d", "k", "r", "p", "width", "height", "distortion_model"):
        np.testing.assert_array_equal(fields[name], getattr(given, name))


def test_a_detector_of_another_size_sees_the_same_angles():
    """A point projected by the scaled matrices lies at the scaled pixel."""
    given = bags.info(128, 96, 0)
    fields = intrinsics(given, 64, 24)
    point = np.array([0.3, -0.2, 1.0])
    pixel = given.k.reshape(3, 3) @ point
    np.testing.assert_allclose(fields["k"].reshape(3, 3) @ point, pixel * [0.5, 0.25, 1.0])
    np.testing.assert_allclose(fields["p"].reshape(3, 4) @ [*point, 1.0], pixel * [0.5, 0.25, 1.0])
    np.testing.assert_array_equal(fields["r"], given.r)


def test_without_camera_info_the_camera_is_uncalibrated():
    fields = intrinsics(None, 128, 96)
    assert (fields["width"], fields["height"], fields["k"][0]) == (128, 96, 0.0)


def test_a_region_of_interest_is_the_picture():
    """The matrices of a CameraInfo are the whole sensor's; a point lies at its pixel less the corner's."""
    given = bags.info(128, 96, 0)
    given.roi.x_offset, given.roi.y_offset, given.roi.width, given.roi.height = 32, 24, 64, 48
    point = np.array([0.3, -0.2, 1.0])
    pixel = given.k.reshape(3, 3) @ point - [32, 24, 0]
    for size, scale in (((64, 48), 1.0), ((32, 24), 0.5)):
        fields = intrinsics(given, *size)
        np.testing.assert_allclose(fields["k"].reshape(3, 3) @ point, pixel * [scale, scale, 1.0])
        np.testing.assert_allclose(fields["p"].reshape(3, 4) @ [*point, 1.0], pixel * [scale, scale, 1.0])
