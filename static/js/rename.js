// A version's name becomes a field in its row: F2 on the row or Rename in its menu; Escape puts the name back.
const names = new Map(); // by id, as they were

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (target?.matches?.("a.name[id]")) names.set(target.id, target.cloneNode(true));
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.target.matches?.(".naming")) return;
  const field = event.target.querySelector("[name=name]");
  field.focus();
  if (field.ariaInvalid !== "true") field.select();
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".naming");
  if (event.key === "Escape" && form && names.has(form.id)) {
    event.preventDefault();
    const name = names.get(form.id);
    form.replaceWith(name);
    name.focus();
  }
  const row = event.target.closest?.(".version");
  if (event.key === "F2" && row && !form) {
    event.preventDefault();
    row.querySelector("[data-rename]")?.click();
  }
});
