// The tour of a demo: stops across pages. Where one stands lives in the tab, that one was asked in
// the browser.

const SEEN = "tour-seen";
const AT = "tour-at";
const GAP = 10;
const EDGE = 8;

const card = document.getElementById("tour");
const ring = document.getElementById("tour-ring");
const offer = document.getElementById("tour-offer");
const stops = [...document.getElementById("tour-stops").content.querySelectorAll("article")];
const back = card.querySelector("[data-tour-back]");
const next = card.querySelector("[data-tour-next]");
const phone = matchMedia("(max-width: 45rem)");
let current = 0;
let target = null;
let opener = null;

const seen = () => localStorage.getItem(SEEN) !== null;

function found(stop) {
  for (const selector of stop.dataset.at.split("|")) {
    const one = [...document.querySelectorAll(selector)].find((it) => it.checkVisibility());
    if (one) return one;
  }
  return null;
}

// The board draws its blocks after the page has come, and the wizard takes the focus to its search.
async function awaited(stop) {
  if (document.readyState !== "complete")
    await new Promise((loaded) => addEventListener("load", loaded, { once: true }));
  await new Promise((settled) => setTimeout(settled, 50));
  for (let turn = 0; turn < 40; turn += 1) {
    const one = found(stop);
    if (one) return one;
    await new Promise(requestAnimationFrame);
  }
  return null;
}

async function address(stop) {
  const from = document.querySelector(`.rail a[data-place="${stop.dataset.from}"]`)?.href;
  if (!from || !stop.dataset.through) return from;
  const answer = await fetch(from);
  if (!answer.ok) return null;
  const there = new DOMParser().parseFromString(await answer.text(), "text/html");
  return there.querySelector(`main a[href^="${stop.dataset.through}"]`)?.getAttribute("href");
}

async function show(index, step, arrived = false) {
  if (index < 0) return show(0, 1);
  if (index >= stops.length) return end();
  const stop = stops[index];
  const here = !stop.dataset.here || stop.dataset.here === card.dataset.here;
  const one = here ? await (arrived ? awaited(stop) : found(stop)) : null;
  if (one) return open(index, one);
  const there = arrived || !stop.dataset.from ? null : await address(stop);
  if (!there) return show(index + step, step);
  sessionStorage.setItem(AT, JSON.stringify({ index, step }));
  location.assign(there);
}

function open(index, one) {
  current = index;
  target = one;
  offer.hidden = true;
  card.querySelector("[data-tour-count]").textContent = `Stop ${index + 1} of ${stops.length}`;
  card.querySelector("h2").textContent = stops[index].querySelector("h2").textContent;
  card.querySelector("[data-tour-text]").textContent = stops[index].querySelector("p").textContent;
  back.hidden = index === 0;
  next.textContent = index === stops.length - 1 ? "Done" : "Next";
  card.hidden = ring.hidden = false;
  const { top, height } = one.getBoundingClientRect();
  const stays = height > innerHeight / 2 && top >= 0 && top < innerHeight / 2;
  if (!stays) one.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  place();
  next.focus({ preventScroll: true });
}

function place() {
  if (card.hidden) return;
  const box = target.getBoundingClientRect();
  const top = Math.max(box.top - 4, EDGE / 2);
  const left = Math.max(box.left - 4, EDGE / 2);
  const bottom = Math.min(box.bottom + 4, innerHeight - EDGE / 2);
  const right = Math.min(box.right + 4, innerWidth - EDGE / 2);
  at(ring, { top, left, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) });
  if (phone.matches) return at(card, {});
  const { offsetWidth: width, offsetHeight: height } = card;
  const lowest = innerHeight - height - EDGE;
  const across = Math.min(Math.max(left, EDGE), innerWidth - width - EDGE);
  const down = Math.min(Math.max(top, EDGE), lowest);
  if (bottom + GAP <= lowest) at(card, { top: bottom + GAP, left: across });
  else if (right + GAP + width <= innerWidth) at(card, { top: down, left: right + GAP });
  else if (left - GAP - width >= EDGE) at(card, { top: down, left: left - GAP - width });
  else if (top - GAP - height >= EDGE) at(card, { top: top - GAP - height, left: across });
  else at(card, { top: lowest - GAP, left: innerWidth - width - EDGE - GAP });
}

function at(it, sides) {
  for (const side of ["top", "left", "width", "height"])
    it.style[side] = side in sides ? `${sides[side]}px` : "";
}

function end() {
  localStorage.setItem(SEEN, "1");
  sessionStorage.removeItem(AT);
  card.hidden = ring.hidden = offer.hidden = true;
  const to = opener?.checkVisibility() ? opener : document.getElementById("main");
  to.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-tour]");
  if (pressed) {
    const menu = pressed.closest("details");
    menu?.removeAttribute("open");
    opener = menu?.querySelector("summary") ?? null;
    localStorage.setItem(SEEN, "1");
    show(0, 1);
  } else if (event.target.closest("[data-tour-end], [data-tour-dismiss]")) end();
});
next.addEventListener("click", () => show(current + 1, 1));
back.addEventListener("click", () => show(current - 1, -1));

// Keys pressed in the card are the card's: the page has shortcuts of its own on the same ones.
card.addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  if (event.key === "Escape") end();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (!card.hidden || offer.contains(event.target)) end();
});
addEventListener("resize", place);
addEventListener("scroll", place, { capture: true, passive: true });

const left = JSON.parse(sessionStorage.getItem(AT) ?? "null");
sessionStorage.removeItem(AT);
if (left) show(left.index, left.step, true);
else if (!seen() && document.getElementById("day")) offer.hidden = false;
