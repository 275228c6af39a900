// Toasts: one line at the foot of the page. Announced by its role; goes by itself, later if it offers something. A
// refusal stays until it is dismissed, and is said once however often it is met.
const toasts = document.getElementById("toasts");

const show = (words, kind) => {
  const toast = document.createElement("div");
  toast.className = `toast ${kind}`;
  toast.append(Object.assign(document.createElement("span"), { textContent: words }));
  toasts.replaceChildren(toast);
};
document.addEventListener("say", (event) => show(event.detail, "bad"));
document.addEventListener("tell", (event) => show(event.detail, ""));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast").remove();
});
new MutationObserver(() => {
  // Undo takes its own button away: whoever pressed it stands at the page again, not at nothing.
  if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  for (const toast of toasts.querySelectorAll(".toast:not([data-timed])")) {
    toast.dataset.timed = "";
    if (toast.matches("[role=alert]")) {
      for (const other of toasts.querySelectorAll("[role=alert]")) if (other !== toast && other.textContent === toast.textContent) other.remove();
      continue;
    }
    setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), toast.querySelector("form, a") ? 30000 : 8000);
  }
}).observe(toasts, { childList: true });
