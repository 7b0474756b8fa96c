// The patient search: results come from the server; arrows move, Enter takes, Escape leaves.

function setUp(combo) {
  const input = combo.querySelector("[role=combobox]");
  const list = combo.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => options().find((option) => option.ariaSelected === "true");

  function point(option) {
    for (const other of options()) other.ariaSelected = String(other === option);
    input.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  function show(shown) {
    list.hidden = !shown;
    input.ariaExpanded = String(shown);
    if (!shown) input.removeAttribute("aria-activedescendant");
  }

  list.addEventListener("htmx:afterSwap", () => {
    show(list.childElementCount > 0 && document.activeElement === input);
    point(options()[0]);
  });
  input.addEventListener("focus", () => show(list.childElementCount > 0));
  input.addEventListener("input", () => {
    if (!input.value.trim()) {
      list.replaceChildren();
      show(false);
    }
  });
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
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      all[at].click();
    } else if (event.key === "Escape") {
      if (list.hidden) input.blur();
      show(false);
      event.stopPropagation();
    }
  });
}

for (const combo of document.querySelectorAll("[data-combo]")) setUp(combo);
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  for (const combo of detail.target.querySelectorAll?.("[data-combo]") ?? []) setUp(combo);
});
