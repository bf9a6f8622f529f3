// The end of a session in place: says when a person acts, warns a minute before the end, then covers the page, which
// stays as it is underneath. The server decides; this file only shows what it decided.
(() => {
  "use strict";
  const { session, sessionLeft, sessionStep, account } = document.body.dataset;
  const parts = document.querySelector("[data-session-parts]")?.content;
  if (!session || !parts) return;
  const warning = document.body.appendChild(parts.querySelector("[data-session-warning]"));
  const cover = parts.querySelector("[data-session-cover]");
  const [words, fields, gone, codeField, refused, display] = ["words", "fields", "gone", "code", "refused", "display"]
    .map((name) => cover.querySelector(`[data-cover-${name}]`));
  const step = Number(sessionStep) * 1000;
  const title = document.title;
  let endsAt = 0, warnsAt = 0, isCovered = false, lastSaid = Date.now(), timer = 0, asking = null;

  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || "";
  const ask = (options = {}) => fetch(session, { cache: "no-store", redirect: "manual", ...options });
  // Asks the server how the session stands; null when it has none any more or somebody else's.
  const standing = async (options) => {
    const answer = await ask(options);
    if (!answer.ok) return null;
    const said = await answer.json();
    return said.account === account ? said : null;
  };

  const count = (left) => {
    endsAt = Date.now() + left * 1000;
    warnsAt = endsAt - Math.min(60_000, step * 7);
    look();
  };

  // A person acts: said at most once a step, and at once where the end is near.
  const acts = async () => {
    if (isCovered || Date.now() - lastSaid < (warning.hidden ? step : 1000)) return;
    lastSaid = Date.now();
    const headers = { "X-User-Action": "1", "X-CSRFToken": token() };
    const said = await standing({ method: "POST", headers }).catch(() => undefined);
    if (said?.left) count(said.left);
  };

  // Another window may have gone on meanwhile, so the server is asked before anything is covered; true where it said
  // that the account goes on.
  const askOnce = async () => {
    const said = await standing().catch(() => undefined);
    asking = null;
    if (said?.left) {
      if (isCovered) uncover();
      count(said.left);
    } else if (said !== undefined || Date.now() >= endsAt) close(said);
    return Boolean(said?.left);
  };
  const check = () => { asking ||= askOnce(); return asking; };

  const look = () => {
    clearTimeout(timer);
    if (isCovered) return;
    const left = endsAt - Date.now(), isNear = Date.now() >= warnsAt;
    if (isNear && warning.hidden && left > 0) {
      warning.hidden = false;
      check();
    } else if (!isNear) warning.hidden = true;
    warning.querySelector("[data-session-seconds]").textContent = Math.max(Math.ceil(left / 1000), 0);
    if (left <= 0) check();
    timer = setTimeout(look, isNear ? 1000 : Math.min(warnsAt - Date.now(), 60_000));
  };

  const close = (said) => {
    const hasGone = said === null;
    fields.hidden = hasGone;
    gone.hidden = !hasGone;
    codeField.hidden = !said?.needs_code;
    if (hasGone) words.textContent = "Your session has ended. What you typed on this page is still there.";
    if (isCovered) return;
    isCovered = true;
    warning.hidden = true;
    clearTimeout(timer);
    document.documentElement.classList.add("is-covered");
    document.title = "Covered · Ketamine 96 h";
    if (!cover.isConnected) document.body.append(cover);
    cover.showModal();
    showDisplay();
  };

  const uncover = () => {
    isCovered = false;
    document.documentElement.classList.remove("is-covered");
    document.title = title;
    cover.close();
    cover.querySelectorAll("input[type=password], [name=code]").forEach((input) => { input.value = ""; });
    display.replaceChildren();
    goOn();
  };

  // The same account is signed in again: what the page sends carries the token of the new session.
  const goOn = () => {
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token(); });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token() }));
    document.body.dispatchEvent(new CustomEvent("session-reopened"));
  };

  // What a bedside shows to everybody while it is covered: no name, no study id.
  const shown = document.querySelector("[data-idle-display]");
  const showDisplay = async () => {
    if (!shown || !isCovered) return;
    const answer = await fetch(shown.dataset.idleDisplay, { cache: "no-store", redirect: "manual" }).catch(() => null);
    if (answer?.ok && isCovered) display.innerHTML = await answer.text();
    else display.textContent = "No current values: the site does not answer, or the session has ended. Look at the pump.";
    setTimeout(showDisplay, Number(shown.dataset.every || 30) * 1000);
  };

  cover.querySelector("[data-reopen]").addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const body = new URLSearchParams(new FormData(event.target));
    const headers = { "X-User-Action": "1", "X-CSRFToken": token() };
    const answer = await fetch(event.target.action, { method: "POST", body, headers, redirect: "manual" }).catch(() => null);
    if (answer?.ok) {
      uncover();
      count((await answer.json()).left);
    } else if (answer?.status === 422) {
      refused.textContent = (await answer.json()).message;
      await check();
    } else if (answer) close(null);
    else refused.textContent = "The site does not answer. Try again in a minute.";
  });
  cover.querySelector("[data-cover-again]").addEventListener("click", check);
  cover.addEventListener("cancel", (event) => event.preventDefault());
  cover.addEventListener("close", () => { if (isCovered) cover.showModal(); });
  warning.querySelector("[data-session-stay]").addEventListener("click", () => { lastSaid = 0; acts(); });
  document.addEventListener("session-over", async () => {
    if (await check()) goOn();
  });

  for (const kind of ["keydown", "pointerdown", "input"]) {
    document.addEventListener(kind, (event) => { if (event.isTrusted) acts(); }, { capture: true, passive: true });
  }
  // An open interview is work, also while both only talk.
  setInterval(() => {
    if (document.visibilityState === "visible" && document.querySelector("form[data-interview]")) acts();
  }, Math.max(step, 1000));
  window.addEventListener("pageshow", (event) => { if (event.persisted) check(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") check(); });

  // Only what a person set off is marked; timers and fragments that load themselves leave the session to end.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.triggeringEvent?.isTrusted) event.detail.headers["X-User-Action"] = "1";
  });
  document.addEventListener("htmx:beforeRequest", (event) => { if (isCovered) event.preventDefault(); });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status !== 401) return;
    event.preventDefault();
    check();
  });
  count(Number(sessionLeft));
})();
