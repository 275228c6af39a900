// Rows of tools: added by the server, moved and removed here; every change is saved like any other.
const editor = document.getElementById("draft");
const changed = () => {
  editor.dispatchEvent(new Event("input", { bubbles: true }));
  window.htmx.trigger(editor, "save-now");
};

editor.addEventListener("click", (event) => {
  const row = event.target.closest(".tool");
  if (event.target.closest("[data-remove]")) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("summary") ?? document.querySelector("#tool-rows + .menu summary")).focus();
    changed();
  }
  const move = event.target.closest("[data-move]");
  if (move) {
    const other = move.dataset.move === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (move.dataset.move === "up") other.before(row);
    else other.after(row);
    move.focus();
    changed();
  }
});
editor.addEventListener("input", (event) => {
  const row = event.target.closest?.(".tool");
  if (row && event.target.name?.endsWith(".name")) row.querySelector("summary b").textContent = event.target.value || "New tool";
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "tool-rows") event.target.lastElementChild?.querySelector("input:not([type=hidden])")?.focus();
});
