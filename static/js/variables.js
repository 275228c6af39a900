// Puts a variable where the cursor is. The agent's own are read from the field in which they are typed.
const OWN_SHOWN = 8;
const bar = document.querySelector("[data-into]");
const area = document.getElementById(bar.dataset.into);
const own = document.getElementById(bar.dataset.own);

const show = () => {
  for (const button of bar.querySelectorAll("[data-mine]")) button.remove();
  const names = own.value.split("\n").map((line) => /^\s*([A-Za-z][A-Za-z0-9_]{0,63})\s*(=|$)/.exec(line)?.[1]).filter(Boolean);
  for (const name of [...new Set(names)].slice(0, OWN_SHOWN)) {
    const written = `{{${name}}}`;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: written });
    Object.assign(button.dataset, { insert: written, mine: "" });
    bar.append(button);
  }
};
bar.addEventListener("click", (event) => {
  const { insert } = event.target.dataset;
  if (!insert) return;
  area.focus();
  // The one way to type for somebody that their Undo key can take back.
  if (!document.execCommand("insertText", false, insert)) {
    area.setRangeText(insert, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
own.addEventListener("input", show);
show();
