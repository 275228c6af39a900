// Menus close on Escape, on a click elsewhere and after a choice; the history begins closed where it is narrow.
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  const inside = event.target.closest("details.menu");
  const chosen = event.target.closest(".items a, .items button");
  for (const menu of openMenus()) if (menu !== inside || chosen) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const narrow = window.matchMedia("(max-width: 70rem)");
const fit = () => {
  for (const panel of document.querySelectorAll("[data-narrow-closed]")) panel.open = !narrow.matches;
};
fit();
narrow.addEventListener("change", fit);
document.addEventListener("htmx:oobAfterSwap", (event) => event.target.id === "history" && fit());
