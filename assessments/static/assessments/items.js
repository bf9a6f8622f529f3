// Scores by keyboard: a digit chooses the score and moves on, Backspace clears. The running total follows.
(() => {
  "use strict";
  const form = document.querySelector("form[data-items]");
  if (!form) return;
  const items = [...form.querySelectorAll("[data-item]")];
  const total = form.querySelector("[data-total]");
  const radios = (item) => [...item.querySelectorAll("input[type=radio]")];
  const chosen = (item) => radios(item).find((radio) => radio.checked);

  const focusOn = (item) => {
    const after = items.every(chosen) ? ".card-footer [type=submit]" : "[name=missing_reason]";
    const target = item ? chosen(item) || radios(item)[0] : form.querySelector(after);
    target.focus();
    (item || target).scrollIntoView({ block: "nearest" });
  };

  const count = () => {
    const scores = items.map(chosen).filter(Boolean).map((radio) => Number(radio.value));
    const sum = scores.reduce((left, right) => left + right, 0);
    const open = items.length - scores.length;
    total.textContent = open
      ? `${sum} so far, ${open} of ${items.length} items open`
      : `Total ${sum} (${total.dataset.lowest} to ${total.dataset.highest})`;
  };

  // A key that is no score of the item is answered in words: silence looks like a score that was taken.
  const refuse = (item, key) => {
    const scores = radios(item).map((radio) => radio.value);
    const words = item.querySelector("[data-refused]");
    words.textContent = `${key} is no score of this item. It takes ${scores[0]} to ${scores[scores.length - 1]}; nothing was chosen.`;
    words.classList.add("d-block");
  };

  const forgive = (item) => {
    const words = item.querySelector("[data-refused]");
    words.textContent = "";
    words.classList.remove("d-block");
  };

  form.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-item]");
    if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
    const place = items.indexOf(item);
    let touched = form;
    if (event.key === "Enter") {
      // In the middle of the interview Enter would submit it half done.
      event.preventDefault();
      focusOn(items.find((candidate) => !chosen(candidate)));
      return;
    }
    if (event.key === "Backspace") {
      forgive(item);
      const set = chosen(item);
      if (set) {
        set.checked = false;
        touched = set;
      } else if (place > 0) focusOn(items[place - 1]);
    } else {
      const radio = radios(item).find((candidate) => candidate.value === event.key);
      if (!radio) {
        if (/^\d$/.test(event.key)) refuse(item, event.key);
        return;
      }
      forgive(item);
      radio.checked = true;
      touched = radio;
      focusOn(items[place + 1]);
    }
    event.preventDefault();
    touched.dispatchEvent(new Event("input", { bubbles: true }));
    count();
  });

  form.addEventListener("change", (event) => {
    const item = event.target.closest("[data-item]");
    if (item) forgive(item);
    count();
  });
  form.querySelector("[data-keys-hint]").hidden = false;
  total.hidden = false;
  count();
  if (!form.querySelector(".is-invalid, [data-focus]")) focusOn(items.find((item) => !chosen(item)) || items[0]);
})();
