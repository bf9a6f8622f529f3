// Small comforts of every page: focus on what went wrong, one submit per click, a word before leaving unsaved text.
(() => {
  "use strict";
  const wrong = document.querySelector("[data-focus]");
  const first = document.querySelector("[data-first] , .record-form .is-invalid, [autofocus]");
  (wrong || first)?.focus();

  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest(".record-form")) unsaved = true;
  });
  document.addEventListener("submit", (event) => {
    unsaved = false;
    const button = event.target.querySelector("button[type=submit]");
    if (button && !event.target.hasAttribute("hx-post")) setTimeout(() => { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
})();
