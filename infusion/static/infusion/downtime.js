// The button that prints the sheets.
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
