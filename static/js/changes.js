// Compare: to the next change and to the one before, by the links in the bar or by Alt and an arrow. Without this script
// the links lead to the first change.
const step = document.getElementById("step");
const stepped = document.getElementById("stepped");
const all = Number(step?.dataset.changes);
const change = (number) => document.getElementById(`change-${number}`);
let at = 0;

const go = (number) => {
  const found = change(number);
  if (!found) return;
  at = number;
  found.scrollIntoView({ block: "center" });
  found.focus({ preventScroll: true });
  step.textContent = `${at.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  stepped.textContent = `Change ${at} of ${all}, ${found.closest(".difference").querySelector("h3").textContent.trim()}`;
};

// After scrolling on by hand, the next is the first below the middle of the window, and the one before is above it.
const inSight = (found) => {
  const { top, bottom } = found.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
};
const beside = (by) => {
  if (at && inSight(change(at))) return at + by;
  const middle = window.innerHeight / 2;
  let below = 1;
  while (below <= all && change(below).getBoundingClientRect().top < middle) below += 1;
  return at || by < 0 ? (by > 0 ? below : below - 1) : 1;
};
const round = (number) => (number > all ? 1 : number < 1 ? all : number);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]");
  if (!link) return;
  event.preventDefault();
  go(round(beside(Number(link.dataset.step))));
});
document.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !all || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  go(round(beside(by)));
});
