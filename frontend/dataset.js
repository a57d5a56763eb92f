// Makes the tabs of a dataset nicer: checksums are copied by a button, metadata are filtered while typing.
// Without this script the search is a form, and a checksum is selected by one click.

function addCopyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-quiet copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${text.textContent.slice(0, 12)}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  text.after(button);
}

function filterGroups(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of document.querySelectorAll(field.dataset.filters)) {
    let shown = 0;
    for (const row of group.querySelectorAll("[data-words]")) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
      shown += !row.hidden;
    }
    group.hidden = !shown;
    found += shown;
  }
  document.querySelector("[data-found]").hidden = found > 0 || !words.length;
}

// Browsers have the clipboard only where the page came over TLS or from this machine.
if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach(addCopyButton);
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filters]")) filterGroups(event.target);
});
// On a phone the tabs do not all fit; the current one is shown.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
