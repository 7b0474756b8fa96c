// Rounds: an entry is kept on this device the moment it is saved, and sent in the order of saving.
// Without a connection it waits here; a page that is loaded anew finds it again.

const waitingBox = document.getElementById("waiting");
const sheet = document.getElementById("entry");
const list = document.getElementById("rounds");
const store = `rounds.${waitingBox.dataset.user}`;
// The clinic's clock: a phone's own may be wrong.
const ahead = Number(waitingBox.dataset.now) - Date.now() / 1000;
const AGAIN = 4000;
const EVERY = 5000;

const queue = () => JSON.parse(localStorage.getItem(store) ?? "[]");
const keep = (entries) => localStorage.setItem(store, JSON.stringify(entries));
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

// What waits ------------------------------------------------------------------------------------
let trouble = "";

function showWaiting() {
  const entries = queue();
  const open = entries.filter((one) => !one.wrong);
  waitingBox.hidden = !entries.length;
  waitingBox.querySelector(".notice").hidden = !open.length;
  const count = `${open.length} ${open.length === 1 ? "entry waits" : "entries wait"} to be sent.`;
  waitingBox.querySelector("[data-waiting]").textContent = `${count} ${trouble}`;
  const rows = entries
    .filter((one) => one.wrong)
    .map((one) => {
      const row = document.createElement("li");
      const again = document.createElement("button");
      again.type = "button";
      again.className = "button small";
      again.textContent = "Look at it";
      again.addEventListener("click", () => openSheet(one, one));
      row.append(`${one.name}: ${one.wrong} `, again);
      return row;
    });
  waitingBox.querySelector("[data-refused]").replaceChildren(...rows);
}

async function post(entry) {
  const answer = await fetch(entry.post, {
    method: "POST",
    headers: { "X-CSRFToken": token(), "HX-Request": "true" },
    body: new URLSearchParams({ key: entry.key, taken_at: entry.taken, ...entry.values }),
    redirect: "manual",
  });
  if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") {
    throw new Error("Sign in again; nothing is lost.");
  }
  if (answer.status === 422 || answer.status === 404) {
    const told = answer.status === 422 ? await answer.json() : { wrong: {} };
    const said = Object.values(told.wrong).flat().map((one) => one.message);
    return said.join(" ") || "This visit is not there any more.";
  }
  if (!answer.ok) throw new Error("The clinic’s computer did not answer.");
  return "";
}

let sending = null;

// One after the other: the next one goes when the one before has an answer.
async function sendAll() {
  for (;;) {
    const entry = queue().find((one) => !one.wrong);
    if (!entry) break;
    try {
      const wrong = await post(entry);
      const others = queue();
      const at = others.findIndex((one) => one.key === entry.key);
      if (wrong) others[at] = { ...entry, wrong };
      else others.splice(at, 1);
      keep(others);
      trouble = "";
    } catch (error) {
      trouble = error instanceof TypeError ? "No connection." : error.message;
      break;
    }
    showWaiting();
  }
  showWaiting();
}

function send() {
  sending ??= sendAll().finally(() => {
    sending = null;
  });
  return sending;
}

// The entry -------------------------------------------------------------------------------------
let about = null;

function openSheet(of, typed = null) {
  about = of;
  const form = sheet.querySelector("form");
  form.reset();
  form.querySelector("[data-wrong]").hidden = !typed;
  form.querySelector("[data-wrong]").textContent = typed?.wrong ?? "";
  for (const [name, value] of Object.entries(typed?.values ?? {})) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  document.getElementById("entry-title").textContent = of.corrects ? `${of.name}: correct` : of.name;
  sheet.showModal();
  form.elements.systolic.focus();
}

// Three digits, or two that cannot begin three, and the next field has the focus.
const complete = (value) => value.length === 3 || (value.length === 2 && value[0] > "3");

sheet?.addEventListener("input", ({ target }) => {
  if (!target.matches(".numbers input")) return;
  target.value = target.value.replace(/\D/g, "");
  if (!complete(target.value)) return;
  const fields = [...sheet.querySelectorAll(".numbers input")];
  const next = fields[fields.indexOf(target) + 1];
  if (next) next.focus();
  else target.blur();
});

sheet?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const values = {};
  for (const name of ["systolic", "diastolic", "heart_rate", "spo2", "sedation", "note"]) {
    if (form.elements[name].value) values[name] = form.elements[name].value;
  }
  if (!Object.keys(values).length) {
    const wrong = form.querySelector("[data-wrong]");
    wrong.textContent = "Give at least one value.";
    wrong.hidden = false;
    form.elements.systolic.focus();
    return;
  }
  if (about.corrects) values.corrects = about.corrects;
  const entry = {
    key: crypto.randomUUID?.() ?? made(),
    taken: about.taken ?? Date.now() / 1000 + ahead,
    post: about.post,
    name: about.name,
    values,
  };
  keep([...queue().filter((one) => one.key !== about.key), entry]);
  sheet.close();
  showWaiting();
  await send();
  refresh();
});

// A UUID where the page is not served over TLS and the browser makes none.
function made() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

document.body.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-round]");
  if (button && sheet) {
    const { name, post: to, corrects, taken } = button.dataset;
    openSheet({ name, post: to, corrects, taken: taken && Date.parse(taken) / 1000 });
  }
  if (target.closest("[data-send]")) send().then(refresh);
});

// The list anew ---------------------------------------------------------------------------------
let version = "";

async function refresh() {
  if (!list) {
    if (!queue().length) location.reload();
    return;
  }
  if (document.hidden || document.querySelector("dialog[open]")) return;
  try {
    const answer = await fetch(list.dataset.live, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const html = await answer.text();
    if (html === version) return;
    version = html;
    const focused = document.activeElement?.closest?.("[data-round]")?.dataset.round;
    list.innerHTML = html;
    if (focused) list.querySelector(`[data-round="${focused}"]`)?.focus();
    sound();
  } catch {
    // The next look will tell.
  }
}

// Sound, if wanted ------------------------------------------------------------------------------
const switchButton = document.querySelector("[data-sound]");
const wanted = () => localStorage.getItem("rounds.sound") === "on";
let heard = new Set();

function sound() {
  const late = new Set([...document.querySelectorAll("[data-overdue]")].map((one) => one.id));
  const fresh = [...late].some((one) => !heard.has(one));
  heard = late;
  if (!fresh || !wanted()) return;
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  tone.frequency.value = 660;
  tone.connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
}

if (switchButton) {
  const show = () => {
    switchButton.setAttribute("aria-pressed", String(wanted()));
    switchButton.querySelector("span").textContent = wanted() ? "Sound on" : "Sound off";
  };
  switchButton.addEventListener("click", () => {
    localStorage.setItem("rounds.sound", wanted() ? "off" : "on");
    show();
  });
  show();
}

heard = new Set([...document.querySelectorAll("[data-overdue]")].map((one) => one.id));
addEventListener("online", () => send().then(refresh));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
setInterval(() => queue().some((one) => !one.wrong) && send(), AGAIN);
if (list) setInterval(refresh, EVERY);
showWaiting();
send();
