// Sets the colours before the first paint: what the person chose here, else what their system says.

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme() {
  const chosen = localStorage.getItem("theme");
  const theme = chosen === "light" || chosen === "dark" ? chosen : prefersDark.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
  document.dispatchEvent(new Event("themechange"));
}

applyTheme();
prefersDark.addEventListener("change", applyTheme);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  localStorage.setItem("theme", document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark");
  applyTheme();
});
