// The command palette: Ctrl-K or the button opens it; combo.js finds, this does what is no link.

const palette = document.getElementById("palette");
const input = document.getElementById("palette-q");
const press = (selector) => document.querySelector(selector)?.click();

function toggle() {
  if (palette.open) {
    palette.close();
  } else if (!document.querySelector("dialog[open]")) {
    palette.showModal();
    input.value = "";
    input.focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
  if (event.shiftKey || event.altKey) return;
  event.preventDefault();
  toggle();
});
document.body.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) menu.open = false;
    toggle();
  }
});

palette.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option) return;
  palette.close();
  const [what, which] = (option.dataset.does ?? "").split(":");
  if (what === "new-patient") press("[data-new-patient]");
  if (what === "shortcuts") press("[data-opens=shortcuts]");
  if (what === "undo") document.body.dispatchEvent(new CustomEvent("undo", { detail: which }));
});
