// `?` lists the shortcuts, and so does its button. Those who speak to their computer, or whose hand slips, can turn the
// key off (WCAG 2.1.4); this browser remembers.
const list = document.getElementById("shortcuts");
const dialog = document.getElementById("dialog");
const OFF = "shortcuts-key-off";

const open = () => {
  if (!list || dialog.open) return;
  dialog.replaceChildren(list.content.cloneNode(true));
  if (/Mac|iP/.test(navigator.platform)) for (const key of dialog.querySelectorAll("[data-ctrl]")) key.textContent = "⌘";
  const key = dialog.querySelector("[data-key]");
  key.checked = !localStorage.getItem(OFF);
  key.addEventListener("change", () => (key.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes")));
  dialog.showModal();
  dialog.querySelector("[data-close]").focus();
};

for (const button of document.querySelectorAll("[data-shortcuts]")) {
  button.hidden = false;
  button.addEventListener("click", open);
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable]") || localStorage.getItem(OFF)) return;
  event.preventDefault();
  open();
});
