// What works on every page: shortcuts, menus, dialogs, toasts, light and dark, progress.

const byId = (id) => document.getElementById(id);
const body = document.body;

// Toasts -----------------------------------------------------------------------------------------
const SECONDS = 8;

// Gone after eight seconds, none of which pass while somebody points at it or is in it.
function fadeOut(toast) {
  let timer = 0;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    if (toast.matches(":hover, :focus-within")) return;
    timer = setTimeout(() => toast.remove(), SECONDS * 1000);
  };
  for (const event of ["mouseenter", "focusin"]) toast.addEventListener(event, stop);
  toast.addEventListener("mouseleave", start);
  toast.addEventListener("focusout", () => setTimeout(start));
  start();
}

export function say(text, bad = false, undo = "") {
  const toast = byId("toast-template").content.firstElementChild.cloneNode(true);
  toast.classList.toggle("bad", bad);
  const sign = toast.querySelector("use");
  if (bad) sign.setAttribute("href", sign.getAttribute("href").replace(/#.*/, "#circle-alert"));
  toast.querySelector("p").textContent = text;
  const button = toast.querySelector("[data-undo]");
  button.dataset.undo = undo;
  button.hidden = !undo;
  byId("toasts").append(toast);
  fadeOut(toast);
}

// Put in once more a moment later: what is there from the start is not read out.
setTimeout(() => {
  for (const toast of document.querySelectorAll("#toasts .toast")) {
    byId("toasts").append(toast);
    fadeOut(toast);
  }
}, 100);
body.addEventListener("say", ({ detail }) => say(detail.value ?? detail.text, detail.bad));
body.addEventListener("said", ({ detail }) => {
  for (const { text, undo } of detail.toasts) say(text, false, undo);
});

// Tabs and steps that do not fit a narrow window: the one that is open stays in sight.
for (const row of document.querySelectorAll(".tabs, .start-steps ol")) {
  const open = row.querySelector("[aria-current]")?.getBoundingClientRect();
  if (!open) continue;
  row.scrollLeft += open.left - row.getBoundingClientRect().left - (row.clientWidth - open.width) / 2;
}

// A page that answers a form begins at what was refused.
const refused = document.querySelector(
  "[data-posted] main :is(.notice[role=alert], [aria-invalid=true])",
);
if (refused && document.activeElement === body) {
  if (refused.matches(".notice")) refused.tabIndex = -1;
  refused.focus({ preventScroll: true });
  refused.scrollIntoView({ block: "center" });
}

function undo(entry) {
  // A live board asks by itself what has changed.
  const values = byId("live") ? { entry, live: 1 } : { entry };
  window.htmx.ajax("POST", body.dataset.undoUrl, { values, swap: "none" });
}
body.addEventListener("undo", ({ detail }) => undo(detail));

// A page that answers a form would post it again when it is loaded anew: back to the form instead.
body.addEventListener("htmx:beforeOnLoad", (event) => {
  const anew = event.detail.xhr.getResponseHeader("HX-Refresh") === "true";
  if (!anew || !("posted" in body.dataset)) return;
  event.preventDefault();
  location.assign(document.referrer || "/");
});

// Dialogs ----------------------------------------------------------------------------------------
function open(dialog) {
  if (!dialog.open) dialog.showModal();
  const fields = [...dialog.querySelectorAll("input:not([type=hidden], [type=radio]), textarea")];
  const first = fields.find((field) => field.getAttribute("aria-invalid") === "true");
  (first ?? fields.find((field) => !field.value))?.focus();
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

body.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-opens]")) open(byId(at("[data-opens]").dataset.opens));
  if (at("[data-closes]")) at("dialog").close();
  if (at("[data-dismiss]")) at(".toast").remove();
  if (at("[data-undo]")) {
    undo(at("[data-undo]").dataset.undo);
    at(".toast").remove();
  }
  if (at("[data-print]")) window.print();
  if (at("[data-copy]")) copy(at("[data-copy]"));
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

async function copy(button) {
  const field = byId(button.dataset.copy);
  field.select?.();
  await navigator.clipboard.writeText(field.value ?? field.textContent);
  say("Copied.");
}

body.addEventListener("htmx:afterSwap", ({ detail }) => {
  const dialog = detail.target.closest?.("dialog:not(.palette)");
  const whole = !dialog?.open || detail.target.parentElement === dialog;
  if (dialog && whole && detail.target.childElementCount) open(dialog);
});
body.addEventListener("close-dialogs", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});

// Progress and failures --------------------------------------------------------------------------
let waiting = 0;
const progress = (step) => {
  waiting = Math.max(0, waiting + step);
  body.classList.toggle("busy", waiting > 0);
};
const counts = ({ detail }) => !detail.elt.hasAttribute("data-unseen");
body.addEventListener("htmx:beforeRequest", (event) => counts(event) && progress(1));
body.addEventListener("htmx:afterRequest", (event) => {
  if (counts(event)) progress(-1);
  if (event.detail.successful) signedOut = false;
});

body.addEventListener("htmx:sendError", (event) => {
  if (counts(event)) say("The clinic's server did not answer. What you typed is still here.", true);
});

// The token of the cookie and not of the page: whoever signs in again in another tab goes on here.
body.addEventListener("htmx:configRequest", ({ detail }) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (token) detail.headers["X-CSRFToken"] = token;
  if (token) delete detail.parameters.csrfmiddlewaretoken;
});

let signedOut = false;
body.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr;
  if (status === 401) {
    if (!signedOut) say("You are signed out. Sign in in another tab, then go on here.", true);
    signedOut = true;
  } else if (status === 404) {
    say("That is not there any more. Reload the page.", true);
  } else if (status === 403) {
    say("Your rights do not include that.", true);
  } else if (status === 429) {
    say("Too many tries; wait a minute.", true);
  } else {
    say("That did not work. What you typed is still here; try again.", true);
  }
});

// Light and dark ---------------------------------------------------------------------------------
function showTheme() {
  const chosen = document.documentElement.dataset.theme ?? "";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
  }
}

for (const button of document.querySelectorAll("[data-theme-choice]")) {
  button.addEventListener("click", () => {
    const choice = button.dataset.themeChoice;
    if (choice) document.documentElement.dataset.theme = choice;
    else delete document.documentElement.dataset.theme;
    document.cookie = `theme=${choice};path=/;max-age=31536000;samesite=lax`;
    showTheme();
  });
}
showTheme();

// The clinic's zone, where it is not that of the person who looks ----------------------------------
for (const zone of document.querySelectorAll("[data-zone]")) {
  const hour = (timeZone) =>
    new Date().toLocaleString("en-GB", { timeZone, day: "numeric", hour: "numeric" });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  zone.hidden = hour(zone.dataset.zone) === hour(here);
}

// The date in the bar ----------------------------------------------------------------------------
const picker = document.querySelector(".bar-dates .pick");
if (picker) {
  document.querySelector("[data-pick-date]").addEventListener("click", () => picker.showPicker());
  picker.addEventListener("change", () => {
    if (picker.value) location.assign(picker.dataset.dayUrl.replace(/[^/]+$/, picker.value));
  });
}

// Shortcuts --------------------------------------------------------------------------------------
const follow = (selector) => document.querySelector(selector)?.click();
const keys = {
  "/": () => byId("find")?.focus(),
  "?": () => open(byId("shortcuts")),
  n: () => follow("[data-new-patient]"),
  "[": () => follow("[data-key=ArrowLeft]"),
  "]": () => follow("[data-key=ArrowRight]"),
  t: () => follow(".bar-dates a:last-child"),
  u: () => [...document.querySelectorAll("#toasts [data-undo]:not([hidden])")].at(-1)?.click(),
  v: () => follow("[data-view-choice][aria-pressed=false]"),
};
for (const place of document.querySelectorAll(".rail [data-keys]")) {
  keys[place.dataset.keys] = () => place.click();
}
let before = "";

const typing = (target) =>
  target.closest("input:not([type=radio], [type=checkbox]), textarea, select");

// Whoever dictates types letters without meaning keys: then no script on the page sees them.
const singleKeys = document.querySelector("[data-single-keys]");
if (singleKeys) {
  singleKeys.checked = localStorage.getItem("single-keys") !== "off";
  singleKeys.addEventListener("change", () => {
    localStorage.setItem("single-keys", singleKeys.checked ? "on" : "off");
  });
}
document.addEventListener(
  "keydown",
  (event) => {
    const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (letter && singleKeys?.checked === false && !typing(event.target)) {
      event.stopImmediatePropagation();
    }
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Escape") {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (typing(target) || event.ctrlKey || event.metaKey || event.altKey) return;
  // What was just done may be taken back beside a dialog that it led to.
  if (key !== "u" && document.querySelector("dialog[open]")) return;
  const act = keys[`${before} ${key}`] ?? keys[key];
  before = key;
  if (act) {
    event.preventDefault();
    before = "";
    act();
  }
});
