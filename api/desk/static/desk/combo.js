// A search as one types: results come from the server; arrows move, Enter takes, Escape leaves.
// Before anything is typed the server offers what was used last. With data-combo="always" the list
// is part of a dialog and stays.

let ready = false;

function setUp(combo) {
  const input = combo.querySelector("[role=combobox]");
  const list = combo.querySelector("[role=listbox]");
  const always = combo.dataset.combo === "always";
  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => options().find((option) => option.ariaSelected === "true");
  let asked = null;
  let shown = null;
  let takes = false;
  let moved = false;

  function point(option) {
    for (const other of options()) other.ariaSelected = String(other === option);
    input.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  function show(open) {
    list.hidden = !open && !always;
    input.ariaExpanded = String(!list.hidden);
    if (list.hidden) input.removeAttribute("aria-activedescendant");
  }

  // Whom the arrows chose stays chosen when the answer to the last letter comes after them.
  const same = (one, other) => one.textContent === other?.textContent;
  const kept = (chosen) => options().find((option) => moved && same(option, chosen));

  // Enter pressed before the answer to the last letter came takes that answer, not the one before.
  const current = () => shown === input.value.trim();

  let before = null;
  input.addEventListener("htmx:beforeRequest", () => (asked = input.value.trim()));
  list.addEventListener("htmx:beforeSwap", () => (before = active()));
  list.addEventListener("htmx:afterSwap", () => {
    shown = asked;
    show(list.childElementCount > 0 && document.activeElement === input);
    point(kept(before) ?? options()[0]);
    if (takes && current()) active()?.click();
    if (current()) takes = false;
  });
  input.addEventListener("focus", () => {
    if (!input.value.trim()) window.htmx.trigger(input, "recent");
    else show(list.childElementCount > 0);
  });
  input.addEventListener("input", () => (takes = moved = false));
  combo.addEventListener("focusout", (event) => {
    if (!combo.contains(event.relatedTarget)) show(false);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", () => show(false));
  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(active());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(all[(at + step + all.length) % all.length]);
      moved = true;
    } else if (event.key === "Enter" && !current() && (always || input.value.trim())) {
      event.preventDefault();
      takes = true;
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      all[at].click();
    } else if (event.key === "Enter" && always) {
      event.preventDefault();
    } else if (event.key === "Escape" && !always) {
      if (list.hidden) input.blur();
      show(false);
      event.stopPropagation();
    }
  });

  // What was typed before the page was ready is asked now: htmx saw none of those letters.
  const askTyped = () => asked === null && input.value.trim() && window.htmx.trigger(input, "recent");
  if (ready) askTyped();
  else document.addEventListener("DOMContentLoaded", askTyped);
}

document.addEventListener("DOMContentLoaded", () => (ready = true));
for (const combo of document.querySelectorAll("[data-combo]")) setUp(combo);
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  for (const combo of detail.target.querySelectorAll?.("[data-combo]") ?? []) setUp(combo);
});
