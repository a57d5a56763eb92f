// Selecting datasets on a page of a list: all at once, and how many there are.
// Without this script the boxes and the buttons work as in any form.

function boxesOf(form) {
  // Not form.dataset: the boxes are called dataset, and a form's fields come before its properties.
  return [...form.querySelectorAll(`input[type=checkbox][name="${form.getAttribute("data-selection")}"]`)];
}

function show(form) {
  const boxes = boxesOf(form);
  const count = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-select-all]");
  all.hidden = false;
  all.setAttribute("aria-pressed", String(count === boxes.length));
  all.textContent = count === boxes.length ? "Select none" : "Select all on this page";
  form.querySelector("[data-select-count]").textContent = count ? `${count} of ${boxes.length} selected` : "None selected";
  for (const button of form.querySelectorAll("[data-needs-selection]")) button.disabled = count === 0;
  form.classList.toggle("has-selection", count > 0);
}

function showAll() {
  for (const form of document.querySelectorAll("form[data-selection]")) show(form);
  // Copying needs a secure address.
  if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-selection]");
  if (form) show(form);
});

document.addEventListener("click", async (event) => {
  const all = event.target.closest("[data-select-all]");
  if (all) {
    const boxes = boxesOf(all.form);
    const checked = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = checked;
    show(all.form);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    copy.firstChild.textContent = "Copied";
    setTimeout(() => (copy.firstChild.textContent = "Copy"), 1500);
  }
});

showAll();
document.addEventListener("htmx:afterSettle", showAll);
addEventListener("pageshow", showAll);
