// Puts what was sent after the end of a session back into its form, for its author to look at and save.
(() => {
  "use strict";
  const note = document.querySelector("[data-unsent-note]");
  const put = (control, values) => {
    if (control.type === "file") return;
    if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
    else if (control instanceof HTMLSelectElement && control.multiple) {
      for (const option of control.options) option.selected = values.includes(option.value);
    } else control.value = values.shift() ?? "";
  };
  const fill = ({ target, fields, files }) => {
    if (!target) return;
    const here = (form) => { const { pathname, search } = new URL(form.getAttribute("hx-post") || form.action, location.href); return pathname + search === target; };
    const form = [...document.forms].find((one) => one.method === "post" && here(one));
    if (!form) return;
    const sent = new Map();
    for (const [name, value] of fields) sent.set(name, [...(sent.get(name) || []), value]);
    for (const control of form.elements) {
      if (!control.name || control.name === "csrfmiddlewaretoken" || control.type === "password") continue;
      put(control, sent.get(control.name) || []);
      for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    const again = files.length ? " Choose the file again: a file is never kept." : "";
    note.append(` It stands in the form below again: look at it and save.${again}`);
  };
  fetch(document.body.dataset.unsent, { cache: "no-store" }).then((answer) => answer.json()).then(fill);
})();
