"use strict";
// Asks for a frame when it has shown the one before. Temperatures are kelvin on the wire, °C on the page.
const ZERO = 273.15, STEP = 0.02;
const $ = (id) => document.getElementById(id);
const socket = new WebSocket(`ws://${location.host}/api/stream`);
socket.binaryType = "arraybuffer";
const send = (message) => { if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };
// The answer is a frame or an error, and either asks for the next: one is outstanding at most.
const ask = () => send({ next: 1 });
const celsius = (kelvin) => `${(kelvin - ZERO).toFixed(1)} °C`;
// Kelvin by class, of those that no longer follow the model or the ambient slider.
let taken = {};
let cursor = null;
// Frames until the reading is said: the one that comes first may have been made before the point moved.
let unspoken = 0;

function complain(problem) {
  $("problem").hidden = !problem;
  $("problem").textContent = problem ? `${problem.message} ${problem.hint}` : "";
}

function fill(select, names, chosen) {
  select.replaceChildren(...names.map((name) => new Option(name.replace("_", " "), name, false, name === chosen)));
  select.addEventListener("change", () => send({ set: { [select.id]: select.value } }));
}

function slide(input, text, change) {
  const show = () => { input.nextElementSibling.textContent = text(Number(input.value)); };
  input.addEventListener("input", () => { show(); change(Number(input.value)); });
  show();
}

const degrees = (value) => `${value.toFixed(1)} °C`;

function addClass(name, kelvin) {
  const row = document.createElement("div");
  row.className = "row slider";
  row.id = `row-${name}`;
  row.innerHTML = `<label for="class-${name}">${name}<small></small></label>
    <input id="class-${name}" type="range" min="-60" max="90" step="0.5"><output for="class-${name}" aria-live="off"></output>`;
  $("classes").append(row);
  const input = $(`class-${name}`);
  input.value = kelvin - ZERO;
  slide(input, degrees, (value) => setTemperatures({ classes: { [name]: value + ZERO } }));
}

const classRows = () => document.querySelectorAll("#classes .row");
const nameOf = (row) => row.id.slice(4);

// What is in the frame keeps the temperature that the model predicts.
function takeOver() {
  taken = {};
  for (const row of classRows()) {
    if (row.dataset.kelvin) taken[nameOf(row)] = Number(row.querySelector("input").value) + ZERO;
  }
}

// A slider that moves takes the temperatures over from the model.
function setTemperatures(values) {
  if ($("automatic").checked) {
    $("automatic").checked = false;
    takeOver();
  }
  Object.assign(taken, values.classes);
  for (const row of classRows()) {
    if (!(nameOf(row) in taken)) put(row.querySelector("input"), $("ambient").value, degrees);
  }
  send({ set: { automatic: false, ...values, classes: taken } });
}

function setAutomatic() {
  if ($("automatic").checked) return send({ set: { automatic: true } });
  takeOver();
  setTemperatures({});
}

const contrast = (value) => (value < 1 ? value.toFixed(2) : "no blur");
const millikelvin = (value) => `${value} mK`;

function put(input, value, text) {
  input.value = value;
  input.nextElementSibling.textContent = text(Number(input.value));
}

// Black stays colder than white: the slider that moves takes the other one along.
function setRange(low, high) {
  put($("low_kelvin"), low, degrees);
  put($("high_kelvin"), high, degrees);
  send({ set: { low_kelvin: low + ZERO, high_kelvin: high + ZERO } });
}

function showRange() { $("fixed").hidden = $("gain").value !== "fixed"; }

// A camera brings its own figures; without one there is nothing to set.
function setCamera(settings) {
  $("core").disabled = settings.camera === "none";
  $("gain").value = settings.gain;
  $("polarity").value = settings.polarity;
  put($("low_kelvin"), settings.low_kelvin - ZERO, degrees);
  put($("high_kelvin"), settings.high_kelvin - ZERO, degrees);
  put($("mtf_at_nyquist"), settings.mtf_at_nyquist, contrast);
  put($("netd_mk"), settings.netd_mk, millikelvin);
  showRange();
}

function begin(hello) {
  const { settings } = hello;
  fill($("palette"), hello.palettes, settings.palette);
  fill($("camera"), hello.cameras, settings.camera);
  fill($("gain"), hello.gains, settings.gain);
  $("source").value = hello.source;
  fill($("polarity"), hello.polarities, settings.polarity);
  setCamera(settings);
  $("gain").addEventListener("change", showRange);
  slide($("low_kelvin"), degrees, (value) => setRange(value, Math.max(value + 1, Number($("high_kelvin").value))));
  slide($("high_kelvin"), degrees, (value) => setRange(Math.min(value - 1, Number($("low_kelvin").value)), value));
  slide($("mtf_at_nyquist"), contrast, (value) => send({ set: { mtf_at_nyquist: value } }));
  slide($("netd_mk"), millikelvin, (value) => send({ set: { netd_mk: value } }));
  $("ambient").value = settings.ambient - ZERO;
  slide($("ambient"), degrees, (value) => setTemperatures({ ambient: value + ZERO }));
  if (!settings.automatic) taken = { ...settings.classes };
  for (const name of hello.classes) addClass(name, taken[name] ?? settings.ambient);
  $("automatic").checked = settings.automatic;
  $("automatic").addEventListener("change", setAutomatic);
  $("pause").setAttribute("aria-pressed", String(settings.paused));
  ask();
}

const decode = (bytes) => createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));

// A canvas holds the frame before until this one is drawn; an <img> is empty while it loads.
function show(canvas, bitmap) {
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

function tell(facts) {
  $("rate").textContent = `${facts.fps.toFixed(1)} FPS`;
  $("range").textContent = facts.range.map(celsius).join(" to ");
  $("stages").textContent = Object.entries(facts.milliseconds).map(([stage, ms]) => `${stage} ${ms.toFixed(1)} ms`).join(" · ");
  const highest = Math.max(...facts.histogram), wide = 480 / facts.histogram.length;
  $("bars").setAttribute("d", facts.histogram.map((count, i) => {
    const high = 58 * Math.sqrt(count / highest);
    return `M${i * wide},60v${-high}h${wide - 1}v${high}z`;
  }).join(""));
  $("reading").textContent = facts.cursor ? `${facts.cursor.class} ${celsius(facts.cursor.kelvin)}` : "point at the picture";
  if (unspoken > 0 && --unspoken === 0) $("spoken").textContent = $("reading").textContent;
  for (const row of classRows()) {
    const kelvin = facts.classes[nameOf(row)];
    row.classList.toggle("absent", kelvin === undefined);
    row.dataset.kelvin = kelvin ?? "";
    row.querySelector("small").textContent = kelvin === undefined ? "not in the frame" : `mean ${celsius(kelvin)}`;
    // While the model predicts, the sliders show what it says.
    if ($("automatic").checked && kelvin !== undefined) put(row.querySelector("input"), kelvin - ZERO, degrees);
  }
}

socket.addEventListener("message", async ({ data }) => {
  if (typeof data === "string") {
    const message = JSON.parse(data);
    if (message.hello) return begin(message.hello);
    if (message.settings) return setCamera(message.settings);
    if (message.source) { complain(null); $("source").value = document.body.dataset.source = message.source; }
    if (message.error) complain(message.error);
    if (message.error?.next) setTimeout(ask, 500);
    return;
  }
  const lengths = new DataView(data), facts = lengths.getUint32(0), rgb = lengths.getUint32(4), first = 12;
  tell(JSON.parse(new TextDecoder().decode(new Uint8Array(data, first, facts))));
  const [colour, thermal] = await Promise.all([
    decode(data.slice(first + facts, first + facts + rgb)),
    decode(data.slice(first + facts + rgb)),
  ]);
  show($("rgb"), colour);
  show($("thermal"), thermal);
  document.body.dataset.shown = String(Number(document.body.dataset.shown ?? 0) + 1);
  requestAnimationFrame(ask);
});
socket.addEventListener("close", () => complain({ message: "The stream has ended.", hint: "Start `thermalsdk view` again and open its address." }));

function point(x, y) {
  cursor = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
  send({ cursor });
}
$("thermal").addEventListener("pointermove", (event) => {
  const box = $("thermal").getBoundingClientRect();
  point((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
$("thermal").addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  const [x, y] = cursor ?? [0.5, 0.5];
  point(x + move[0], y + move[1]);
  unspoken = 2;
});

function pause() {
  const paused = $("pause").getAttribute("aria-pressed") !== "true";
  $("pause").setAttribute("aria-pressed", String(paused));
  send({ set: { paused } });
}
$("pause").addEventListener("click", pause);
// The space bar pauses, but where it has a meaning of its own.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.target.closest("button, select, a, input:not([type=range])")) return;
  event.preventDefault();
  pause();
});
const open = () => send({ source: $("source").value.trim() });
$("open").addEventListener("click", open);
$("source").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); open(); } });
