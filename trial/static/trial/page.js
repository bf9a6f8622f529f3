// Small comforts of every page: focus on what went wrong, one submit per click, a word before leaving unsaved text.
(() => {
  "use strict";
  const wrong = document.querySelector("[data-focus]");
  const first = document.querySelector("[data-first] , .record-form .is-invalid, [autofocus]");
  (wrong || first)?.focus();
  // The mark in the address leads to the field that was wrong before, away from what is wrong now.
  if (wrong && window.location.hash) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);

  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest(".record-form")) unsaved = true;
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented && !event.target.hasAttribute("hx-post")) return;
    unsaved = false;
    const button = event.submitter || event.target.querySelector("button[type=submit]");
    if (button && !event.target.hasAttribute("hx-post")) setTimeout(() => { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
  });
  document.addEventListener("answers-saved", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });

  // What scrolls sideways can be scrolled by keyboard too, under the name of the heading above it.
  const openScrolling = () => {
    document.querySelectorAll(".table-scroll, .table-responsive").forEach((box) => {
      if (box.scrollWidth <= box.clientWidth || box.hasAttribute("tabindex")) return;
      const name = box.querySelector("caption") || box.closest(".card")?.querySelector("h2, h3") || document.querySelector("h1");
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", name?.textContent.trim() || "Table");
    });
  };
  openScrolling();
  window.addEventListener("resize", openScrolling);
  document.addEventListener("htmx:afterSettle", openScrolling);

  // A part of a page that does not arrive says so; one that meets the sign-in page covers the page.
  const failed = (event) => {
    const place = event.detail.target;
    if (event.detail.requestConfig?.verb !== "get" || !place || place.querySelector("[data-not-loaded]")) return;
    const isFirst = place.getAttribute("hx-trigger") === "load";
    const note = document.createElement("div");
    note.className = "alert alert-warning";
    note.setAttribute("role", "alert");
    note.dataset.notLoaded = "";
    const what = isFirst ? "This part could not be loaded." : "Not up to date: the last refresh failed.";
    note.textContent = `${what} Reload the page; if it stays so, tell an administrator.`;
    if (isFirst) place.replaceChildren(note);
    else place.prepend(note);
  };
  // A form that could not be saved keeps what was typed and says so, unless the answer itself stands in its place.
  const notSaved = (event) => {
    const form = event.detail.elt?.closest("form");
    const status = event.detail.xhr?.status || 0;
    if (event.detail.requestConfig?.verb === "get" || !form) return;
    form.querySelector("[data-not-saved]")?.remove();
    const note = document.createElement("div");
    note.className = "alert alert-danger";
    note.setAttribute("role", "alert");
    note.dataset.notSaved = "";
    const why = { 403: "You may not do this, or no longer: reload the page to see why.", 404: "This is not there any more.", 503: "The site cannot reach its database.", 507: "The site's disk is full: tell the administrator now." }[status] || "";
    note.textContent = `Not saved. ${why} What you typed still stands here; note it on paper with the time, and save again. A second save never makes a second record.`;
    form.prepend(note);
  };
  document.addEventListener("htmx:responseError", notSaved);
  document.addEventListener("htmx:sendError", notSaved);
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const address = event.detail.xhr.responseURL;
    if (!address || new URL(address).pathname !== "/sign-in/") return;
    event.detail.shouldSwap = false;
    document.body.dispatchEvent(new CustomEvent("session-over", { bubbles: true }));
  });
})();
