// Code has its lines numbered beside it, and the line that a problem names is marked. Tab leaves the field, as anywhere.
const rows = document.getElementById("tool-rows");

const draw = (area) => {
  const gutter = area.previousElementSibling;
  const problem = document.getElementById(`${area.id}-problem`);
  const wrong = Number(/^Line (\d+)/.exec(problem?.textContent ?? "")?.[1] ?? 0);
  const lines = area.value.split("\n").length;
  if (gutter.childElementCount !== lines) gutter.replaceChildren(...Array.from({ length: lines }, (_, at) => Object.assign(document.createElement("span"), { textContent: at + 1 })));
  gutter.querySelector(".wrong")?.classList.remove("wrong");
  gutter.children[wrong - 1]?.classList.add("wrong");
  area.style.setProperty("--wrong", wrong);
  area.classList.toggle("marked", wrong > 0);
  gutter.scrollTop = area.scrollTop;
};
const drawAll = () => rows.querySelectorAll("textarea.code").forEach(draw);

rows.addEventListener("input", (event) => event.target.matches("textarea.code") && draw(event.target));
rows.addEventListener("scroll", (event) => {
  if (event.target.matches?.("textarea.code")) event.target.previousElementSibling.scrollTop = event.target.scrollTop;
}, true);
// Rows that are added, and problems that come and go.
new MutationObserver((changes) => {
  if (changes.some(({ target }) => target === rows || target.matches(".problem"))) drawAll();
}).observe(rows, { childList: true, subtree: true });
drawAll();
