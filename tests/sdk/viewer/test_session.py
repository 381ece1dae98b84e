"""The stream behind the page: controls act on the next frame, sources change, mistakes change nothing."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import truncated, write_video
from thermalsdk.camera.files import read_preset
from thermalsdk.errors import CameraError, OptionError, TemperatureError, VideoError
from thermalsdk.formats import read_thermal
from thermalsdk.viewer.feed import open_feed
from thermalsdk.viewer.session import Session
from thermalsdk.viewer.settings import Settings


@pytest.fixture
def session(synth):
    session = Session(synth)
    yield session
    session.close()


def set_all(session, synth, kelvin, **more):
    classes = dict.fromkeys(synth.info.classes, kelvin)
    session.change({"automatic": False, "ambient": kelvin, "classes": {**classes, **more}})


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_frame_and_its_facts(session):
    shot = session.next_shot()
    assert opened(shot.rgb).shape == opened(shot.thermal).shape == (240, 320, 3)
    facts = json.loads(json.dumps(shot.facts))
    assert facts["size"] == [320, 240]
    assert sum(facts["histogram"]) == 320 * 240
    assert facts["range"][0] < facts["range"][1]
    assert facts["milliseconds"]["total"] > 0
    assert facts["cursor"] is None


def test_a_class_that_is_set_warmer_is_warmer_in_the_next_frame(session, synth):
    set_all(session, synth, 280.0)
    before = session.next_shot().facts["classes"]
    session.change({"classes": {"car": 320.0}})
    after = session.next_shot().facts["classes"]
    assert after["car"] > before["car"] + 30
    for name in after.keys() & before.keys() - {"car"}:
        assert after[name] == pytest.approx(before[name], abs=3), name


def test_paused_the_same_frame_stays_and_controls_still_act(session, synth):
    session.change({"paused": True})
    first, second = session.next_shot(), session.next_shot()
    assert first.rgb == second.rgb
    set_all(session, synth, 300.0)
    third = session.next_shot()
    assert third.rgb == first.rgb
    assert third.facts["classes"] != first.facts["classes"]
    session.change({"paused": False})
    assert session.next_shot().rgb != first.rgb


def test_the_cursor_reads_what_is_under_it(session, synth):
    set_all(session, synth, 280.0, sky=200.0)
    session.point_at(0.5, 0.02)
    reading = session.next_shot().facts["cursor"]
    assert reading["class"] == "sky"
    assert reading["kelvin"] < 240  # everything else is 270 or more
    session.point_at(None, None)
    assert session.next_shot().facts["cursor"] is None
    with pytest.raises(OptionError, match="cursor"):
        session.point_at(1.5, 0.5)


def test_a_camera_and_its_palette_act_on_the_next_frame(session):
    plain = session.next_shot()
    session.change({"camera": "lepton160", "palette": "ironbow"})
    seen = session.next_shot()
    assert seen.facts["size"] == [160, 120]
    assert seen.facts["milliseconds"]["camera"] > 0
    grey, colour = opened(plain.thermal).astype(int), opened(seen.thermal).astype(int)
    assert np.ptp(grey, axis=2).max() < 8  # JPEG leaves a little
    assert np.ptp(colour, axis=2).max() > 60


def test_a_fixed_gain_and_the_polarity_act_on_the_next_frame(session, synth):
    set_all(session, synth, 300.0)
    quiet = {"camera": "boson640", "netd_mk": 0, "gain": "fixed", "paused": True}
    levels = {}
    for low, high in ((290.0, 310.0), (280.0, 320.0), (200.0, 290.0)):
        for polarity in ("white_hot", "black_hot"):
            session.change({**quiet, "low_kelvin": low, "high_kelvin": high, "polarity": polarity})
            levels[low, polarity] = float(opened(session.next_shot().thermal)[120:].mean())
    assert levels[200.0, "white_hot"] > 250
    assert levels[200.0, "black_hot"] < 5
    assert levels[290.0, "white_hot"] == pytest.approx(128, abs=25)
    assert levels[290.0, "black_hot"] == pytest.approx(255 - levels[290.0, "white_hot"], abs=1)


def test_blur_takes_detail_from_the_next_frame(session, synth):
    set_all(session, synth, 300.0, sky=260.0, road=310.0)
    still = {"camera": "boson640", "netd_mk": 0, "gain": "fixed", "paused": True}
    steps = []
    for mtf in (1.0, 0.3, 0.05):
        session.change({**still, "low_kelvin": 250.0, "high_kelvin": 330.0, "mtf_at_nyquist": mtf})
        steps.append(np.abs(np.diff(opened(session.next_shot().thermal).astype(int), axis=0)).max())
    assert steps[0] > steps[1] > steps[2]


def test_a_snapshot_is_radiometric(session, tmp_path):
    with pytest.raises(OptionError, match="nothing has been shown"):
        session.snapshot()
    session.change({"camera": "boson640"})
    session.next_shot()
    (tmp_path / "snapshot.png").write_bytes(session.snapshot())
    image = read_thermal(tmp_path / "snapshot.png")
    assert image.counts.dtype == np.uint16
    assert image.provenance.camera_hash is not None


def test_sources_change_and_start_again_at_their_end(session, video):
    session.open(str(video))
    assert session.source == str(video)
    shapes = {opened(session.next_shot().rgb).shape for _ in range(3)}
    assert shapes == {(96, 128, 3)}


def test_a_file_begins_again(video, synth):
    feed = open_feed(str(video), synth.info.classes)
    frames = [next(feed).rgb for _ in range(30)]  # the video has 12, some of which are dropped
    assert any(np.array_equal(frames[0], frame) for frame in frames[5:])
    feed.close()


@pytest.fixture
def unlike(tmp_path):
    """A folder of two pictures that are nothing alike, and each of them in a folder of its own."""
    pictures = [np.full((96, 128, 3), 30, np.uint8), np.random.default_rng(0).integers(0, 256, (96, 128, 3))]
    for names in ("both", "first", "second"):
        (tmp_path / names).mkdir()
    for name, picture in zip(("first", "second"), pictures, strict=True):
        for directory in (name, "both"):
            Image.fromarray(picture.astype(np.uint8)).save(tmp_path / directory / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize("camera", ["none", "boson640"])
def test_pictures_owe_nothing_to_each_other(synth, unlike, camera):
    """The same temperatures and display as alone."""

    def shots(name, count):
        session = Session(synth, str(unlike / name))
        session.change({"camera": camera, "netd_mk": 0})
        found = [session.next_shot() for _ in range(count)]
        session.close()
        return [(shot.thermal, shot.facts["classes"]) for shot in found]

    assert shots("both", 2) == shots("first", 1) + shots("second", 1)


def test_a_source_that_begins_again_owes_nothing_to_its_end(synth, video):
    feed = open_feed(str(video), synth.info.classes)
    cuts = [next(feed).cut for _ in range(20)]  # the video has 12, some of which are dropped
    feed.close()
    assert cuts[:2] == [True, False]
    assert 2 <= sum(cuts) < 12


def test_a_source_that_breaks_can_be_replaced(session, tmp_path, video):
    session.open(str(truncated(write_video(tmp_path / "road.mkv", frames=60))))
    with pytest.raises(VideoError, match=r"damaged|cut short"):
        list(iter(session.next_shot, None))
    for _ in range(2):
        with pytest.raises(VideoError, match="no more frames"):
            session.next_shot()
    session.open(str(video))
    session.next_shot()


@pytest.mark.usefixtures("silent")
def test_a_silent_source_holds_nothing_up(session):
    session.open("silent")
    first = session.next_shot()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(session.next_shot)
        time.sleep(0.1)
        session.change({"palette": "ironbow"})
        assert session.snapshot()
        assert not waiting.done()
        session.open("scene")
        assert waiting.result(5) is None
    assert session.next_shot().rgb != first.rgb


def test_paused_the_frame_of_a_silent_source_stays(session, silent):
    session.open("silent")
    first = session.next_shot()
    assert session.next_shot(patience_s=0.0) is None
    session.change({"paused": True})
    assert session.next_shot(patience_s=0.0).rgb == first.rgb
    session.change({"paused": False})
    silent.set()
    assert session.next_shot().rgb != first.rgb


def test_a_source_that_cannot_be_opened_changes_nothing(session, tmp_path):
    session.next_shot()
    with pytest.raises(VideoError):
        session.open(str(tmp_path / "absent.mp4"))
    assert session.source == "scene"
    session.next_shot()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"palette": "mauve"}, OptionError),
        ({"camera": "obscura"}, OptionError),
        ({"gain": "magic"}, OptionError),
        ({"polarity": "hot"}, OptionError),
        ({"low_kelvin": 300.0, "high_kelvin": 300.0}, OptionError),
        ({"high_kelvin": "white"}, OptionError),
        ({"mtf_at_nyquist": 31}, OptionError),
        ({"camera": ["boson640"]}, OptionError),
        ({"camera": "boson640", "gain": "fixed", "low_kelvin": 20.0}, CameraError),
        ({"netd_mk": -1}, OptionError),
        ({"ambient": "warm"}, OptionError),
        ({"volume": 11}, OptionError),
        ({"classes": [300.0]}, OptionError),
        ({"automatic": False, "classes": {"dragon": 900.0}}, TemperatureError),
        ({"automatic": False, "ambient": 20.0}, TemperatureError),
    ],
)
def test_a_value_that_a_control_cannot_have_changes_nothing(session, values, error):
    before = session.settings
    with pytest.raises(error):
        session.change(values)
    assert session.settings == before


def test_settings_add_up():
    settings = Settings().changed({"classes": {"car": 300.0}}).changed({"classes": {"person": 310.0}})
    assert settings.classes == {"car": 300.0, "person": 310.0}
    assert Settings().changed({"camera": "boson640", "netd_mk": 0}).open_camera().config.noise is None


def test_temperatures_that_are_taken_over_forget_those_before():
    former = Settings().changed({"automatic": False, "classes": {"car": 300.0}}).changed({"automatic": True})
    settings = former.changed({"automatic": False, "classes": {"road": 290.0}})
    assert settings.temperatures().classes == {"road": 290.0}


def test_a_camera_brings_its_own_figures():
    config = read_preset("lepton160")
    settings = Settings(netd_mk=200.0, polarity="black_hot").changed({"camera": "lepton160"})
    camera = settings.open_camera().config
    assert (camera.blur, camera.noise, camera.polarity) == (config.blur, config.noise, config.polarity)
    assert camera.gain.mode == config.gain.mode == "percentile"
    louder = settings.changed({"netd_mk": 120.0, "mtf_at_nyquist": 1}).changed({"camera": "lepton160"})
    assert louder.open_camera().config.noise.netd_mk == 120
    assert louder.open_camera().config.blur is None
