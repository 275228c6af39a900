// The one dialog: what is loaded into it is shown; it closes when its deed is done. Requests that act on the draft wait
// until the draft is saved.
const dialog = document.getElementById("dialog");

// Where to begin: at the field, unless it is further down than fits; then at the title, so that what stands above the
// field is read before it.
const begin = (field) => {
  field.focus();
  const title = document.getElementById("dialog-title");
  if (!title || title.getBoundingClientRect().top > dialog.getBoundingClientRect().top) return;
  title.tabIndex = -1;
  title.focus();
};
document.addEventListener("htmx:confirm", (event) => {
  if (!window.autosave || !event.detail.elt.closest("[data-after-save]")) return;
  event.preventDefault();
  window.autosave.saved().then(() => event.detail.issueRequest(true), () => {});
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== dialog || !dialog.childElementCount) return;
  if (!dialog.open) dialog.showModal();
  begin(dialog.querySelector("[autofocus]") ?? dialog.querySelector("[data-fix]") ?? dialog.querySelector("input:not([type=hidden]), select") ?? dialog.querySelector("button"));
});
document.addEventListener("htmx:afterSwap", (event) => event.target.id === "dialog-refusal" && event.target.scrollIntoView({ block: "nearest" }));
document.body.addEventListener("done", () => dialog.close());
dialog.addEventListener("close", () => {
  if (dialog.open) return; // told late: the next one is shown already
  dialog.replaceChildren();
  if (document.activeElement === document.body) document.getElementById("main")?.focus();
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    dialog.querySelector(".button.primary:not(:disabled), .button.danger:not(:disabled)")?.click();
  }
});

// Fix → closes the dialog and puts the cursor where it is mended.
const mend = () => {
  const field = document.getElementById(location.hash.slice(1));
  if (!field?.matches("input, textarea, select")) return;
  field.closest("details")?.setAttribute("open", "");
  field.focus();
};
dialog.addEventListener("click", (event) => {
  const fix = event.target.closest("[data-fix]");
  if (!fix || !document.getElementById("draft")) return;
  event.preventDefault();
  dialog.close();
  history.replaceState(null, "", fix.hash);
  mend();
});
mend();
