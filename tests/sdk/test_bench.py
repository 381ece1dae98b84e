"""`thermalsdk bench`: what it measures and reports."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from thermalsdk import Temperatures
from thermalsdk.bench import BenchFrame, machine, measure, open_rival, peak_memory_mib, summarise, throughput
from thermalsdk.bench.pix2pix import pix2pix_model
from thermalsdk.errors import BundleError, InferenceError, OptionError


def test_summary_is_of_the_sample():
    times = np.arange(1, 101, dtype=float)
    assert summarise(times) == {"median": 50.5, "p95": 95.05, "p99": 99.01}


def test_warm_up_does_not_count_and_the_rival_sees_every_frame(synth, rgb, labels):
    seen = []
    measured = measure(synth, [BenchFrame(rgb, labels), BenchFrame(rgb)], 3, 2, seen.append)
    assert {name: len(values) for name, values in measured.stages.items()} == dict.fromkeys(
        ("prepare", "segmenter", "temperatures", "encoder", "layers", "composite", "total"), 3
    )
    assert (len(seen), len(measured.rival)) == (5, 3)
    # Frames 2 and 4 give the class map, frame 3 does not.
    assert [value > 0 for value in measured.stages["segmenter"]] == [False, True, False]


def test_throughput_counts_what_comes_after_the_warm_up(rgb, labels, monkeypatch):
    class Recorded:
        def stream(self, source, **options):
            self.options = options
            self.given = list(source)
            return iter(self.given)

    ticks = iter((10.0, 12.5))
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr(sys.modules[throughput.__module__], "time", clock)
    synthesizer, set_kelvin = Recorded(), Temperatures(ambient=290.0)
    frames = [BenchFrame(rgb, labels, set_kelvin), BenchFrame(rgb, labels + 1, set_kelvin)]
    assert throughput(synthesizer, frames, count=5, warmup=2, in_flight=2) == 2.0
    assert synthesizer.options == {"policy": "all", "temperatures": set_kelvin, "in_flight": 2}
    assert [given.labels[0, 0] for given in synthesizer.given] == [1, 2, 1, 2, 1, 2, 1]


def test_machine_and_memory_are_of_this_process():
    facts = machine()
    assert facts["cores"] >= 1
    assert facts["numpy"] == np.__version__
    assert 20 < peak_memory_mib() < 100_000


def test_pix2pix_is_the_published_size():
    model = onnx.load_from_string(pix2pix_model())
    parameters = sum(int(np.prod(weight.dims)) for weight in model.graph.initializer)
    # 54.41 M with the affine parameters of its normalisation and one output channel.
    assert abs(parameters / 54.41e6 - 1) < 0.002


def test_rivals_that_cannot_be_timed_are_refused(tmp_path):
    with pytest.raises(OptionError, match="neither a file"):
        open_rival("cyclegan", 1)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(BundleError, match=r"broken\.onnx"):
        open_rival(str(tmp_path / "broken.onnx"), 1)


def test_a_rival_runs_on_the_frame(tiny_bundle, rgb):
    # The tiny encoder takes one picture, as a rival must.
    rival = open_rival(str(tiny_bundle / "encoder.onnx"), 1)
    rival.prepare(rgb)
    rival(rgb)
    odd = np.zeros((96, 128, 4), np.uint8)
    rival.prepare(odd)
    with pytest.raises(InferenceError, match="encoder"):
        rival(odd)


def test_command_reports_stages(run, tiny_bundle):
    rival = tiny_bundle / "encoder.onnx"
    code, text, _ = run(
        "bench", "--size", "128x96", "--frames", "3", "--warmup", "1", "--json", "--against", rival
    )
    facts = json.loads(text)
    assert code == 0
    assert (facts["size"], facts["frames"], facts["given"]) == ("128x96", 3, "class map and temperatures")
    assert facts["segmenter_ms"]["median"] == 0
    assert facts["fps"] == pytest.approx(1000 / facts["total_ms"]["median"], rel=0.01)
    assert facts["times_faster"] > 0
    assert facts["stream_fps"] > 0


def test_command_on_a_source_and_colours_alone(run, video):
    code, text, _ = run(
        "bench", "--source", video, "--size", "64x64", "--frames", "2", "--warmup", "1", "--rgb-only"
    )
    assert code == 0
    assert "colours only" in text
    code, text, _ = run("bench", "--source", video, "--size", "64x64", "--frames", "2", "--warmup", "1")
    assert code == 0
    assert "class map and temperatures" in text


@pytest.mark.parametrize("size", ["64", "x64", "0x64", "64xx"])
def test_sizes_that_are_none(size, capsys):
    from thermalsdk.cli.main import main

    with pytest.raises(SystemExit):
        main(["bench", "--size", size])
    assert "--size" in capsys.readouterr().err
