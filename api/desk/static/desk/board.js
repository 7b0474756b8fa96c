// The board: the list of arrivals, drawn by the Event Calendar. The list is the one source; when
// the server sends a newer one, the board follows.

import { asBar, ofPeople, stretches } from "./bars.js";
import { keepingPlace, watch } from "./live.js";
import { dragging } from "./moves.js";
import { blocked, drawBlocked, keepCursor, openPlace } from "./place.js";

const board = document.getElementById("board");
const day = document.getElementById("day");
const card = document.getElementById("hover-card");
const template = document.getElementById("block-template");
const icons = document.querySelector(".icon use")?.getAttribute("href").split("#")[0] ?? "";
const CLOCK_MS = 10_000;
const CARD_MS = 140;
let calendar;
let current; // the visit that Tab reaches; arrows move it

function icon(name, className) {
  const span = document.createElement("span");
  span.className = className;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  span.append(svg);
  return span;
}

// Reading the list -------------------------------------------------------------------------------
const at = (clock, end) => `${board.dataset.day} ${end && clock === "00:00" ? "24:00" : clock}:00`;
const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

// Clinicians are not who the cover counts.
const covered = () => document.getElementById("cover") && day.dataset.by !== "clinicians";

function resources() {
  const columns = [...document.querySelectorAll("#columns li")].map((li) => ({
    id: li.dataset.key,
    title: li.dataset.name,
    extendedProps: { note: li.dataset.note },
  }));
  if (!covered()) return columns;
  const title = day.dataset.by === "nurses" ? "Cover" : "Nurses";
  return [{ id: "cover", title, extendedProps: {} }, ...columns];
}

function events() {
  const visits = [...document.querySelectorAll("#arrivals .entry")]
    .filter((li) => li.dataset.columns && !ofPeople())
    .map((li) => ({
      id: li.dataset.visit,
      resourceIds: li.dataset.columns.split(" "),
      start: at(li.dataset.start),
      end: at(li.dataset.end, true),
      startEditable: "moves" in li.dataset,
      extendedProps: { html: li.outerHTML },
    }));
  const cover = [...document.querySelectorAll("#cover tbody tr")].map((row) => ({
    id: `cover-${row.dataset.start}`,
    resourceIds: ["cover"],
    start: at(row.dataset.start),
    end: at(row.dataset.end, true),
    display: "background",
    extendedProps: { cover: { ...row.dataset } },
  }));
  const { first, last } = board.dataset;
  return [...(covered() ? cover : []), ...visits, ...stretches(at, first, last), ...blocked(at)];
}

// Drawing ----------------------------------------------------------------------------------------
const slot = () => {
  const rows = (board.dataset.last - board.dataset.first) * 2;
  return Math.max(26, Math.min(44, Math.floor((board.clientHeight - 36) / rows)));
};

function drawVisit(id) {
  const li = document.getElementById(`visit-${id}`);
  // The list is newer than the blocks for a moment: one that is gone from it goes at once.
  if (!li) return document.createElement("div");
  const { hue, start, end, turnover, tone, spare } = li.dataset;
  const link = li.querySelector(".entry-link");
  const block = template.content.firstElementChild.cloneNode(true);
  const height = ((minutes(end) - minutes(start)) / 30) * slot();
  block.href = link.href;
  block.draggable = false; // the browser's own dragging of links would take the pointer away
  block.dataset.visit = id;
  block.tabIndex = id === current ? 0 : -1;
  block.classList.add(hue);
  block.classList.toggle("bad", tone === "bad");
  for (const name of ["over", "here"]) block.classList.toggle(name, li.classList.contains(name));
  block.classList.toggle("low", height < 68);
  block.classList.toggle("brief", height < 54);
  block.querySelector("b").textContent = li.dataset.name;
  block.querySelector(".block-step").textContent = li.dataset.short;
  const bands = block.querySelector(".block-bands");
  const phases = JSON.parse(li.dataset.bands);
  let top = 0;
  for (const [name, , span, strength] of phases) {
    const band = document.createElement("span");
    band.className = `band s${strength}`;
    band.style.flexGrow = span;
    band.classList.toggle("under", top < 22);
    const tall = (span / 30) * slot();
    if (phases.length > 1 && tall >= 14 && top > 30) {
      const words = document.createElement("span");
      words.textContent = name.toLowerCase();
      band.append(words);
    }
    top += tall;
    bands.append(band);
  }
  const signs = block.querySelector(".block-signs");
  if (phases.length === 1) block.querySelector(".block-with").textContent = li.dataset.with;
  // A day in hand is told by the card; a sign that most blocks carry would be none.
  if (spare === "last day" && !li.classList.contains("here")) {
    const closing = icon("hourglass", "closing");
    closing.append(spare);
    signs.append(closing);
  }
  if ("noted" in li.dataset) {
    const noted = icon("sticky-note", "noted");
    noted.dataset.icon = "note";
    signs.append(noted);
  }
  const sign = link.querySelector(".status use").getAttribute("href").split("#")[1];
  if (sign !== "calendar") {
    const shown = icon(sign, tone);
    if (li.classList.contains("here")) shown.append(li.dataset.status);
    signs.append(shown);
  }
  const tail = block.querySelector(".block-tail");
  if (Number(turnover)) tail.style.height = `${(turnover / 30) * slot() - 1}px`;
  else tail.remove();
  const { rooms, name, step, status } = li.dataset;
  const said = [`${start} to ${end}`, rooms, name, step, status, spare && `${spare} of its window`];
  if ("noted" in li.dataset) said.push("has a note");
  block.setAttribute("aria-label", said.filter(Boolean).join(", "));
  return block;
}

function drawCover({ on, needed, free, start, end }) {
  const most = document.getElementById("cover").dataset.most;
  const step = document.createElement("div");
  const short = Number(needed) > Number(on);
  step.className = `cover-step${short ? " short" : Number(free) <= 0 ? " full" : ""}`;
  for (const [name, lanes] of [["cover-on", on], ["cover-needed", needed]]) {
    const bar = document.createElement("i");
    bar.className = name;
    bar.style.width = `${(lanes / most) * 100}%`;
    step.append(bar);
  }
  if (((minutes(end === "00:00" ? "24:00" : end) - minutes(start)) / 30) * slot() >= 15) {
    const words = document.createElement("span");
    words.textContent = short ? `${needed - on} short` : `${needed} / ${on}`;
    step.append(words);
  }
  return step;
}

function drawPointer(info) {
  const here = document.createElement("div");
  if (info.event.resourceIds?.[0] === "cover") return here;
  const clock = info.event.start.toTimeString().slice(0, 5);
  here.className = "book-here";
  here.textContent = `+ ${clock}`;
  return here;
}

function content(info) {
  const { cover, off, bar, blocked: why } = info.event.extendedProps;
  if (info.event.display === "pointer") return { domNodes: [drawPointer(info)] };
  if (why) return { domNodes: [drawBlocked(why)] };
  if (off) return "";
  if (bar) return { domNodes: [asBar(drawVisit(bar.visit), bar, slot())] };
  return { domNodes: [cover ? drawCover(cover) : drawVisit(info.event.id)] };
}

function label({ resource }) {
  const name = document.createElement("span");
  name.textContent = resource.title;
  const { note } = resource.extendedProps;
  if (!note) return { domNodes: [name] };
  const small = document.createElement("small");
  small.textContent = ` ${note}`;
  return { domNodes: [name, small] };
}

function bookHere({ date, resource }) {
  if (resource && resource.id !== "cover") {
    openPlace(resource.id, minutes(date.toTimeString().slice(0, 5)));
  }
}

// The calendar calls itself a table, but holds none: the links inside are what is to be read.
function plainRoles() {
  for (const element of board.querySelectorAll("[role], [aria-colindex]")) {
    element.removeAttribute("role");
    element.removeAttribute("aria-colindex");
  }
  board.querySelector(".ec-main").tabIndex = -1;
  if (!board.querySelector(".block[tabindex='0']")) reach(board.querySelector(".block"));
  keepCursor(slot);
}

function reach(block) {
  if (!block) return;
  for (const other of board.querySelectorAll(".block[tabindex='0']")) other.tabIndex = -1;
  block.tabIndex = 0;
  current = block.dataset.visit;
}

function draw() {
  board.classList.toggle("has-cover", Boolean(covered()));
  board.classList.toggle("of-people", ofPeople());
  calendar = window.EventCalendar.create(board, {
    view: "resourceTimeGridDay",
    date: board.dataset.day,
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    slotMinTime: `${board.dataset.first}:00`,
    slotMaxTime: `${board.dataset.last}:00`,
    scrollTime: `${board.dataset.first}:00`,
    slotDuration: "00:30",
    snapDuration: `00:${board.dataset.grain.padStart(2, "0")}:00`,
    slotLabelInterval: "01:00",
    slotHeight: slot(),
    slotEventOverlap: false,
    slotLabelFormat: (time) => time.toTimeString().slice(0, 5),
    ...dragging({ board, light }),
    pointer: Boolean(board.dataset.book || board.dataset.place),
    resources: resources(),
    resourceLabelContent: label,
    events: events(),
    eventContent: content,
    dateClick: bookHere,
    eventAllUpdated: () => plainRoles(),
  });
  plainRoles();
  showNow();
}

function redraw() {
  const focused = document.activeElement?.closest?.(".block")?.dataset.visit;
  hideCard();
  calendar.setOption("resources", resources());
  calendar.setOption("events", events());
  requestAnimationFrame(() => {
    plainRoles();
    showNow();
    if (focused) board.querySelector(`.block[data-visit="${focused}"]`)?.focus();
  });
}

// Now --------------------------------------------------------------------------------------------
const opened = Date.now();

function showNow() {
  const { clock, first, last } = board.dataset;
  const grid = board.querySelector(".ec-body .ec-events");
  if (!clock || !grid) return;
  const now = minutes(clock) + Math.floor((Date.now() - opened) / 60000);
  const line = board.querySelector(".now-line") ?? document.createElement("div");
  line.className = "now-line";
  line.hidden = now < first * 60 || now > last * 60;
  line.dataset.clock = new Date(now * 60000).toISOString().slice(11, 16);
  line.style.insetBlockStart = `${((now - first * 60) / 30) * slot()}px`;
  if (!line.isConnected) grid.append(line);
}

// Where a block that is dragged could be, over the whole width of the board.
function light(starts) {
  for (const old of board.querySelectorAll(".legal-start")) old.remove();
  const grid = board.querySelector(".ec-body .ec-events");
  for (const start of starts) {
    const lit = document.createElement("i");
    lit.className = "legal-start";
    lit.style.insetBlockStart = `${((minutes(start) - board.dataset.first * 60) / 30) * slot()}px`;
    lit.style.blockSize = `${(Number(board.dataset.grain) / 30) * slot()}px`;
    grid?.append(lit);
  }
}

// The card beside a block ------------------------------------------------------------------------
let soon;

function hideCard() {
  clearTimeout(soon);
  if (card.matches(":popover-open")) card.hidePopover();
}

function phaseList(bands) {
  const list = document.createElement("ol");
  list.className = "phases";
  for (const [name, clock, span] of bands) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clock;
    item.append(time, ` ${name} ${span} min`);
    list.append(item);
  }
  return list;
}

function showCard(block) {
  const entry = document.getElementById(`visit-${block.dataset.visit}`);
  if (!entry) return;
  const copy = entry.cloneNode(true);
  copy.removeAttribute("id");
  copy.querySelector(".entry-link").removeAttribute("href");
  for (const attribute of ["hx-get", "hx-target"]) {
    copy.querySelector(".entry-link").removeAttribute(attribute);
  }
  copy.querySelector(".entry-more").prepend(phaseList(JSON.parse(entry.dataset.bands)));
  card.replaceChildren(...copy.childNodes);
  if (!card.matches(":popover-open")) card.showPopover();
  const box = block.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const right = box.right + 8 + width < innerWidth ? box.right + 8 : box.left - width - 8;
  card.style.left = `${Math.max(8, right)}px`;
  card.style.top = `${Math.max(8, Math.min(box.top, innerHeight - height - 8))}px`;
}

board?.addEventListener("pointerover", (event) => {
  const block = event.target.closest(".block");
  clearTimeout(soon);
  if (block) soon = setTimeout(() => showCard(block), CARD_MS);
  else hideCard();
});
board?.addEventListener("pointerleave", hideCard);
board?.addEventListener("focusin", (event) => {
  const block = event.target.closest(".block");
  reach(block);
  if (block?.matches(":focus-visible")) showCard(block);
});
board?.addEventListener("focusout", hideCard);
board?.addEventListener("scroll", hideCard, true);

// Opening and moving between blocks --------------------------------------------------------------
board?.addEventListener("click", (event) => {
  const block = event.target.closest(".block");
  if (!block || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  hideCard();
  window.htmx.ajax("GET", block.href, "#sheet-body");
});

function nearest(from, key) {
  const here = from.getBoundingClientRect();
  const down = key === "ArrowDown" || key === "ArrowUp";
  const sign = key === "ArrowDown" || key === "ArrowRight" ? 1 : -1;
  let best = null;
  for (const block of board.querySelectorAll(".block")) {
    const box = block.getBoundingClientRect();
    const across = box.left - here.left;
    const along = box.top - here.top;
    const ahead = sign * (down ? along : across);
    if (block === from || ahead < 2) continue;
    const aside = Math.abs(down ? across : along);
    const cost = down ? ahead + 8 * aside : ahead * 4 + aside;
    if (!best || cost < best.cost) best = { block, cost };
  }
  return best?.block;
}

board?.addEventListener("keydown", (event) => {
  const block = event.target.closest(".block");
  if (event.key === "Escape") hideCard();
  if (!block || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const next = nearest(block, event.key);
  if (!next) return;
  reach(next);
  next.focus({ focusVisible: true });
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// Board or list ----------------------------------------------------------------------------------
function showView(view) {
  day.dataset.view = view;
  for (const link of day.querySelectorAll(".by a")) {
    const to = new URL(link.href);
    to.searchParams.set("view", view);
    link.href = to;
  }
  for (const button of day.querySelectorAll("[data-view-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.viewChoice === view));
  }
  if (view === "board" && !calendar && board.clientWidth) draw();
  markLayout();
}

// Without a choice the board shows the rooms, and the list (every phone) goes by time.
function markLayout() {
  const shown = day.dataset.by || (board.clientWidth ? "rooms" : "");
  for (const link of day.querySelectorAll("[data-by-choice]")) {
    if (link.dataset.byChoice === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

if (day) {
  day.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-view-choice]");
    if (!choice) return;
    const address = new URL(location.href);
    document.cookie = `view=${choice.dataset.viewChoice};path=/;max-age=31536000;samesite=lax`;
    address.searchParams.set("view", choice.dataset.viewChoice);
    history.replaceState(history.state, "", address);
    showView(choice.dataset.viewChoice);
  });
  showView(day.dataset.view);
  const list = () => document.getElementById("arrivals");
  watch({
    region: list,
    address: () => list().dataset.address,
    show: (text) => {
      keepingPlace(list(), () => {
        list().outerHTML = text;
        window.htmx.process(list());
      });
      if (calendar) redraw();
    },
  });
  setInterval(() => {
    if (calendar && !document.hidden) showNow();
  }, CLOCK_MS);
  let resizing;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      markLayout();
      if (!calendar && board.clientWidth) draw();
      else if (calendar && board.clientWidth) {
        calendar.setOption("slotHeight", slot());
        redraw();
      }
    }, 150);
  });
}
