// Minutes that are left of what is held; the page comes anew when one runs out, or another comes.

const left = (span) => Math.max(0, Math.round((Date.parse(span.dataset.until) - Date.now()) / 60000));
let out = false;

function tick() {
  for (const span of document.querySelectorAll("[data-until]")) {
    const minutes = left(span);
    span.textContent = minutes ? `${minutes} min left` : "run out";
    if (!minutes && !out && !document.querySelector("dialog[open]")) {
      out = true;
      location.reload();
    }
  }
}

setInterval(tick, 15_000);
