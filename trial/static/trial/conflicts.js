// Two people on one record: a choice fills the field with that side; typing in the field makes it one's own again.
(() => {
  "use strict";
  const controls = (form, name) => [...form.elements].filter((one) => one.name === name && one.type !== "hidden");

  const fill = (form, name, value) => {
    controls(form, name).forEach((control) => {
      if (control.type === "radio") control.checked = control.value === value;
      else if (control.type === "checkbox") control.checked = value !== "";
      else control.value = value;
      control.dispatchEvent(new Event("change", { bubbles: true }));
    });
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const settled = (sides) => {
    sides.querySelector(".badge")?.remove();
    sides.closest("tr").classList.remove("conflict-undecided");
  };

  document.addEventListener("change", (event) => {
    const sides = event.target.closest("[data-sides]");
    if (!sides) return;
    settled(sides);
    fill(event.target.form, sides.dataset.sides, event.target.dataset.control);
  });

  document.addEventListener("input", (event) => {
    const { form, name } = event.target;
    if (!form || !name) return;
    const sides = form.querySelector(`[data-sides="${CSS.escape(name)}"]`);
    const mine = sides?.querySelector("[value=mine]");
    if (!mine) return;
    const isCleared = ["checkbox", "radio"].includes(event.target.type) && !event.target.checked;
    mine.dataset.control = isCleared ? "" : event.target.value;
    mine.checked = true;
    settled(sides);
  });
})();
