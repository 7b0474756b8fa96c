// Keeps a board up to date: asks whether it is still so, waits longer while nobody answers, and
// says since when. Nothing is swapped while somebody is at it.

const EVERY_MS = 1200;
const SLOWEST_MS = 10_000;
const PATIENCE_MS = 8000;

const connection = document.getElementById("connection");
let shown = new Date(connection?.dataset.at ?? Date.now()); // by the server's clock

// What a change would take away from under somebody's hands.
export function atWork(region) {
  if (document.querySelector("dialog[open], .rail details[open], .bar details[open]")) return true;
  if (document.body.matches(".moving") || region.querySelector(".htmx-request")) return true;
  const fields = region.querySelectorAll("input:not([type=hidden]), textarea, select");
  return [...fields].some((field) => field.value !== (field.defaultValue ?? field.value));
}

function clock(moment) {
  const timeZone = connection.dataset.zoneOf;
  return moment.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
}

function tell(text) {
  const sign = connection?.querySelector(".connection-sign");
  const said = sign?.querySelector("span");
  if (!sign || (sign.hidden === !text && said.textContent === text)) return;
  said.textContent = text;
  sign.hidden = !text;
}

// `address` and `region` are asked anew each time; `show` puts a newer text in its place.
export function watch({ region, address, show, at = EVERY_MS }) {
  let tag = region().dataset.tag;
  let wait = at;
  let timer;
  let asking = false;

  function later() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, wait);
  }

  async function answer() {
    const headers = { "HX-Request": "true", "If-None-Match": tag };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const got = await fetch(address(), { headers, signal, cache: "no-store" });
    if (got.status === 401 || got.redirected) return "You are signed out";
    if (!got.ok && got.status !== 304) return "Connection lost";
    shown = new Date(got.headers.get("Date") ?? Date.now());
    if (got.status === 304) return "";
    const text = await got.text();
    // Somebody may have begun something meanwhile: then it is asked for once more, later.
    if (!atWork(region())) {
      tag = got.headers.get("ETag");
      show(text);
    }
    return "";
  }

  async function ask() {
    if (asking) return;
    if (document.hidden || atWork(region())) return later();
    asking = true;
    const lost = await answer().catch(() => "Connection lost");
    asking = false;
    tell(lost && `${lost}, showing ${clock(shown)}`);
    wait = lost ? Math.min(wait * 1.5, SLOWEST_MS) : at;
    later();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else ask();
  });
  addEventListener("online", ask);
  later();
  return ask;
}

// The same place after a swap: what had the focus, what was open, how far it was scrolled.
export function keepingPlace(region, swap) {
  const { id } = region;
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const same = `#${id} [href="${focused?.getAttribute("href")}"]`;
  const links = () => [...document.querySelectorAll(same)];
  const number = focused?.hasAttribute("href") ? links().indexOf(focused) : -1;
  const open = [...region.querySelectorAll("details[open][id]")].map((one) => one.id);
  const { scrollX, scrollY } = window;
  const { scrollTop } = region;
  swap();
  for (const one of open) {
    const details = document.getElementById(one);
    if (details) details.open = true;
  }
  if (focused) {
    const again = focused.id ? document.getElementById(focused.id) : links()[Math.max(number, 0)];
    (again ?? document.getElementById("main")).focus({ preventScroll: true });
  }
  document.getElementById(id).scrollTop = scrollTop;
  window.scrollTo(scrollX, scrollY);
}

// The live boards themselves ---------------------------------------------------------------------
const board = () => document.getElementById("live");
const warnings = () =>
  new Map([...board().querySelectorAll("[data-warning]")].map((one) => [one.dataset.warning, one]));

function showBoard(text) {
  const before = warnings();
  keepingPlace(board(), () => {
    board().outerHTML = text;
    window.htmx.process(board());
  });
  const fresh = [...warnings()].filter(([key]) => !before.has(key));
  if (fresh.length) {
    const said = fresh.map(([, one]) => one.textContent.trim());
    document.getElementById("live-said").textContent = said.join(". ");
  }
}

if (board()) {
  const ask = watch({ region: board, address: () => location.pathname, show: showBoard });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.matches?.(".live-does")) setTimeout(ask);
  });
}
