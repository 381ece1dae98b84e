"""The real server: who may ask, what the page gets, and the page itself in a real browser."""

import asyncio
import json
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest

from thermalsdk.errors import OptionError
from thermalsdk.viewer.server import Viewer, serve
from thermalsdk.viewer.session import Session

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def serving(synth):
    """The address of a running viewer."""
    session = Session(synth)
    viewer = Viewer(session, synth.info.classes)
    started, addresses = threading.Event(), []

    def ready(address):
        addresses.append(address)
        started.set()

    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(viewer, 0, ready))

    def work():
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(10)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        session.close()


@pytest.fixture
def address(synth):
    with serving(synth) as found:
        yield found


def port_of(address):
    return int(address.split(":")[2].split("/")[0])


def ask(address, path="", headers=None, with_token=True):
    base, token = address.split("?")

    async def get():
        async with aiohttp.ClientSession() as client:
            url = f"{base}{path}" + (f"?{token}" if with_token else "")
            async with client.get(url, headers=headers) as response:
                return response.status, response.headers, await response.read()

    return asyncio.run(get())


@asynccontextmanager
async def connected(address):
    """The stream's socket."""
    base, token = address.split("?")
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{base}api/stream?{token}") as socket,
    ):
        yield socket


def test_the_page_and_its_parts(address):
    for path, kind in (("", "text/html"), ("viewer.js", "text/javascript"), ("viewer.css", "text/css")):
        status, headers, body = ask(address, path)
        assert (status, headers["Content-Type"].split(";")[0]) == (200, kind)
        assert len(body) > 500
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ask(address, "server.py")[0] == 404


def test_it_listens_on_the_loopback_alone(address):
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("path", ["", "viewer.js", "api/snapshot", "api/stream"])
def test_nobody_gets_in_without_the_token(address, path):
    status, _, body = ask(address, path, with_token=False)
    assert status == 403
    assert b"token" in body


@pytest.mark.parametrize("token", ["%C3%A9", "%FF", "%ED%B3%BF"])
def test_a_token_of_other_letters_is_refused(address, token):
    assert ask(f"{address.split('?')[0]}?token={token}")[0] == 403
    assert ask(address, headers={"Cookie": f"token-{port_of(address)}=é"}, with_token=False)[0] == 403


def test_two_viewers_in_one_browser(address, synth):
    async def visit(addresses):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            for address in (*addresses, *(address.split("?")[0] for address in addresses)):
                async with browser.get(address) as response:
                    assert response.status == 200

    with serving(synth) as other:
        asyncio.run(visit([address, other]))


def test_a_snapshot_before_the_first_frame(address):
    status, _, body = ask(address, "api/snapshot")
    assert status == 409
    assert b"nothing has been shown yet" in body
    assert b"Wait for the first frame." in body


def test_pages_of_other_sites_are_refused(address):
    assert ask(address, headers={"Origin": "http://example.org"})[0] == 403
    assert ask(address, headers={"Host": "example.org"})[0] == 403


def test_a_stream_over_the_socket(address):
    async def talk():
        async with connected(address) as socket:
            hello = (await socket.receive_json())["hello"]
            assert "person" in hello["classes"]
            await socket.send_json({"set": {"palette": "mauve"}})
            assert "mauve" in (await socket.receive_json())["error"]["message"]
            assert {"fixed", "plateau"} <= set(hello["gains"])
            assert hello["polarities"] == ["white_hot", "black_hot"]
            await socket.send_json({"set": {"camera": "lepton160"}})
            settings = (await socket.receive_json())["settings"]
            assert (settings["gain"], settings["mtf_at_nyquist"]) == ("percentile", 0.28)
            await socket.send_json({"set": {"camera": "none"}})
            assert (await socket.receive_json())["settings"]["camera"] == "none"
            await socket.send_str("[")
            assert "error" in await socket.receive_json()
            await socket.send_json({"next": 1})
            message = await socket.receive_bytes()
            facts, rgb, thermal = struct.unpack(">3I", message[:12])
            assert len(message) == 12 + facts + rgb + thermal
            assert json.loads(message[12 : 12 + facts])["size"] == [320, 240]
            assert message[12 + facts :][:2] == message[12 + facts + rgb :][:2] == b"\xff\xd8"

    asyncio.run(talk())
    status, headers, body = ask(address, "api/snapshot")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert body.startswith(b"\x89PNG")


@pytest.mark.usefixtures("silent")
def test_a_silent_source_blocks_no_page(address):
    base, token = address.split("?")

    async def talk():
        url = f"{base}api/stream?{token}"
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as client,
            client.ws_connect(url) as waiting,
            client.ws_connect(url) as other,
        ):
            for socket in (waiting, other):
                assert "hello" in await socket.receive_json(timeout=30)
            await waiting.send_json({"source": "silent"})
            assert await waiting.receive_json(timeout=30) == {"source": "silent"}
            await waiting.send_json({"next": 1})
            first = await waiting.receive_bytes(timeout=30)
            for _ in range(3):  # one frame is owed, however often it is asked for
                await waiting.send_json({"next": 1})
            for socket in (waiting, other):
                await socket.send_json({"set": {"camera": "none"}})
                assert "settings" in await socket.receive_json(timeout=30)
            async with client.get(address) as response:
                assert response.status == 200
            await other.send_json({"source": "scene"})
            assert await other.receive_json(timeout=30) == {"source": "scene"}
            assert await waiting.receive_bytes(timeout=30) != first
            with pytest.raises(asyncio.TimeoutError):
                await waiting.receive(timeout=0.5)

    asyncio.run(talk())


def test_a_source_that_takes_long_to_open_keeps_nothing_waiting(address, silent):
    async def talk():
        async with connected(address) as socket:
            assert "hello" in await socket.receive_json(timeout=30)
            await socket.send_json({"source": "slow"})
            await socket.send_json({"source": "silent"})
            await socket.send_json({"set": {"camera": "none"}})
            assert "settings" in await socket.receive_json(timeout=30)
            await socket.send_json({"next": 1})
            await socket.receive_bytes(timeout=30)
            silent.set()
            assert await socket.receive_json(timeout=30) == {"source": "slow"}
            assert await socket.receive_json(timeout=30) == {"source": "silent"}, "asked for last"

    asyncio.run(talk())


@pytest.mark.usefixtures("silent")
def test_an_error_says_what_it_answers(address):
    """Only where no frame comes is the page to ask again."""

    async def talk():
        async with connected(address) as socket:
            await socket.receive_json()
            await socket.send_json({"set": {"palette": "mauve"}})
            assert (await socket.receive_json())["error"]["next"] is False
            await socket.send_json({"source": "broken"})
            await socket.receive_json()
            await socket.send_json({"next": 1})
            assert (await socket.receive_json())["error"]["next"] is True

    asyncio.run(talk())


def test_a_port_that_is_taken(address, synth):
    session = Session(synth)
    with pytest.raises(OptionError, match="cannot be had"):
        asyncio.run(serve(Viewer(session, synth.info.classes), port_of(address), print))
    session.close()


@contextmanager
def streaming(address):
    """A page that asks for frame after frame until the server hangs up: the list gets the close code."""
    started, codes = threading.Event(), []

    async def watch():
        async with connected(address) as socket:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    started.set()
                await socket.send_json({"next": 1})
            codes.append(socket.close_code)

    thread = threading.Thread(target=asyncio.run, args=[watch()])
    thread.start()
    try:
        assert started.wait(20)
        yield codes
    finally:
        thread.join(20)


def test_open_pages_are_told_that_the_server_ends(synth):
    with ExitStack() as pages, serving(synth) as address:
        codes = pages.enter_context(streaming(address))
    assert codes == [aiohttp.WSCloseCode.GOING_AWAY]


@pytest.mark.usefixtures("heard_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_on_a_signal_while_a_page_is_open(tiny_bundle, number):
    command = [sys.executable, "-m", "thermalsdk", "view", "--bundle", tiny_bundle, "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            with streaming(address):
                process.send_signal(number)
                assert process.wait(10) == 130
        finally:
            process.kill()
        assert "Traceback" not in process.stderr.read()


BRIGHTNESS = """() => {
  const canvas = document.getElementById("thermal");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0, count = 0;
  for (let y = Math.floor(canvas.height * 0.85); y < canvas.height; y++)
    for (let x = 0; x < canvas.width; x++) { sum += data[4 * (y * canvas.width + x)]; count++; }
  return sum / count;
}"""


def until(page, condition):
    deadline = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def after_frames(page, count):
    shown = int(page.evaluate("document.body.dataset.shown ?? 0"))
    until(page, f"Number(document.body.dataset.shown) >= {shown + count}")


def brightness_after_frames(page):
    after_frames(page, 25)
    return page.evaluate(BRIGHTNESS)


def open_source(page, source):
    page.locator("#source").fill(str(source))
    page.locator("#open").click()


@pytest.fixture
def page():
    """An empty page of a real browser, none of whose scripts may fail."""
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert complaints == []


@pytest.mark.slow
def test_a_slider_makes_its_class_brighter_in_the_browser(page, address):
    page.goto(address)
    until(page, "Number(document.body.dataset.shown) >= 2")
    road = page.locator("#class-road")
    road.fill("-20")
    assert not page.locator("#automatic").is_checked()
    cold = brightness_after_frames(page)
    road.fill("60")
    warm = brightness_after_frames(page)
    assert warm > cold + 60, "the lowest part of the street is road"
    assert float(page.locator("#row-road").get_attribute("data-kelvin")) == pytest.approx(333, abs=2)

    assert page.locator("#polarity").is_disabled(), "there is no camera yet"
    page.locator("#camera").select_option("lepton160")
    until(page, "document.getElementById('gain').value === 'percentile'")
    assert page.locator("#mtf_at_nyquist").input_value() == "0.28"
    assert not page.locator("#low_kelvin").is_visible()
    page.locator("#gain").select_option("fixed")
    page.locator("#high_kelvin").fill("80")
    page.locator("#low_kelvin").fill("40")
    white_hot = brightness_after_frames(page)
    assert 80 < white_hot < 175, "a road of 60 °C between 40 and 80 °C"
    page.locator("#polarity").select_option("black_hot")
    assert brightness_after_frames(page) == pytest.approx(255 - white_hot, abs=6)
    page.locator("#low_kelvin").fill("100")
    assert page.locator("#high_kelvin").input_value() == "101"
    page.locator("#mtf_at_nyquist").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#mtf_at_nyquist").input_value() == "0.27"
    page.locator("#mtf_at_nyquist").fill("1")
    assert page.locator("output[for=mtf_at_nyquist]").text_content() == "no blur"

    page.locator("#thermal").focus()
    page.keyboard.press("ArrowDown")
    until(page, "document.getElementById('reading').textContent.includes('°C')")
    open_source(page, "absent.mp4")
    page.wait_for_selector("#problem:not([hidden])")
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
def test_the_space_bar_pauses_but_where_it_means_something_else(page, address):
    page.goto(address)
    after_frames(page, 1)
    for focused, paused in (("body", "true"), ("#thermal", "false"), ("#class-road", "true")):
        page.locator(focused).press("Space")
        assert page.locator("#pause").get_attribute("aria-pressed") == paused, focused
    page.locator("#pause").click()
    for focused in ("#palette", "#source", "#snapshot"):
        page.locator(focused).press("Space")
        page.keyboard.press("Escape")
    page.locator("#automatic").press("Space")
    assert not page.locator("#automatic").is_checked()
    assert page.locator("#source").input_value().strip() == "scene" != page.locator("#source").input_value()
    assert page.locator("#pause").get_attribute("aria-pressed") == "false"
    page.locator("#pause").press("Space")
    assert page.locator("#pause").get_attribute("aria-pressed") == "true"


@pytest.mark.slow
def test_readings_are_said_after_an_arrow_key_alone(page, address):
    page.goto(address)
    after_frames(page, 1)
    page.locator("#thermal").hover()
    after_frames(page, 4)
    assert "°C" in page.locator("#reading").text_content()
    assert page.locator("#spoken").text_content() == ""
    page.locator("#thermal").press("ArrowUp")
    until(page, "document.getElementById('spoken').textContent.includes('°C')")
    live = page.locator("output:not([aria-live=off])").evaluate_all(
        "(all) => all.map((one) => one.htmlFor.value)"
    )
    assert live == ["low_kelvin", "high_kelvin", "mtf_at_nyquist", "netd_mk", "ambient"]  # change when moved


@pytest.mark.slow
@pytest.mark.usefixtures("silent")
def test_the_page_asks_for_one_frame_at_a_time(page, address):
    """Also when a source that cannot be opened was asked for while it waits."""
    outstanding = [0]

    def sent(message):
        outstanding.append(outstanding[-1] + ("next" in message))

    def received(message):
        answers = isinstance(message, bytes) or json.loads(message).get("error", {}).get("next", False)
        outstanding.append(outstanding[-1] - answers)

    def count(socket):
        socket.on("framesent", sent)
        socket.on("framereceived", received)

    page.on("websocket", count)
    page.goto(address)
    after_frames(page, 2)
    for source in ("broken", "silent", "absent.mp4"):
        open_source(page, source)
        page.wait_for_timeout(700)  # longer than the page waits after an error
    open_source(page, "scene")
    after_frames(page, 5)
    assert set(outstanding) == {0, 1}


def celsius_of_classes(page):
    """What the frame that is shown says: °C by class, without those that are not in it."""
    rows = page.evaluate("Array.from(classRows(), (row) => [row.id.slice(4), row.dataset.kelvin])")
    return {name: float(kelvin) - 273.15 for name, kelvin in rows if kelvin}


@pytest.mark.slow
def test_temperatures_are_taken_over_as_predicted(page, address, folder):
    page.goto(address)
    open_source(page, folder / "frame1.png")
    until(page, f"document.body.dataset.source === '{folder / 'frame1.png'}'")
    after_frames(page, 2)  # one may have been on its way
    predicted = celsius_of_classes(page)
    assert min(predicted.values()) > 14, "the ambient is 10 °C"
    page.locator("#automatic").uncheck()
    after_frames(page, 3)
    taken = celsius_of_classes(page)
    assert taken == pytest.approx(predicted, abs=2)  # the network draws detail around what is given
    absent = page.locator("#classes .absent input").first
    assert absent.input_value() == "10"

    page.locator("#ambient").fill("-20")
    after_frames(page, 3)
    assert celsius_of_classes(page) == pytest.approx(taken, abs=0.1)
    assert absent.input_value() == "-20"
