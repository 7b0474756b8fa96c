// Visits that can only move together are chosen together: those that make room come along, and who
// rests on one that is left out is left out too.
const together = (box) => (box.dataset.together ?? "").split(" ").filter(Boolean);

const settle = (box) => {
  const boxes = [...box.form.elements].filter((one) => one.name === "visit");
  const others = box.checked
    ? boxes.filter((one) => together(box).includes(one.value))
    : boxes.filter((one) => together(one).includes(box.value));
  for (const one of others)
    if (one.checked !== box.checked) {
      one.checked = box.checked;
      settle(one);
    }
};

document.addEventListener("change", (event) => {
  if (event.target.matches("#plan input[name=visit]")) settle(event.target);
});
