// The answers of an interview are kept while it goes on: on the server, in the trail, for a colleague to go on with.
// The server says how they stand; a save that met another one waits for a decision.
(() => {
  "use strict";
  const PAUSE = 1_500, AGAIN = 5_000;
  const form = document.querySelector("form[data-answers]");
  if (!form) return;
  const part = (root, name) => root.querySelector(`[data-answers-part="${name}"]`);
  const words = part(form, "state");
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || "";
  let isChanged = false, isSaving = false, isHeld = false, isSent = false, timer = 0;

  // Where both changed an answer, nothing is kept before its author has chosen.
  const isUndecided = () => Boolean(form.querySelector(".conflict-undecided"));
  const say = (text) => { words.textContent = text; };

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };

  // What is to be done at once comes into sight when it is called for.
  const levelOf = (root) => root.querySelector("[data-escalation]")?.dataset.escalation || "";

  // Says how the answers stand in the words of the server; false where it said something else.
  const show = (html) => {
    const answer = new DOMParser().parseFromString(html, "text/html");
    for (const name of ["alarm", "state"]) {
      const from = part(answer, name), to = part(form, name);
      if (!from || to.innerHTML.trim() === from.innerHTML.trim()) continue;
      const was = levelOf(to);
      to.replaceChildren(...from.childNodes);
      window.htmx?.process(to);
      if (levelOf(to) && levelOf(to) !== was) to.scrollIntoView({ block: "start" });
    }
    const version = words.querySelector("[data-version]")?.dataset.version;
    if (version) form.elements.interview.value = version;
    return Boolean(part(answer, "state"));
  };

  const send = () => {
    form.elements.turn.value = Number(form.elements.turn.value) + 1;
    return fetch(form.dataset.answers, {
      method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual",
      headers: { "X-CSRFToken": token(), "X-User-Action": "1", "HX-Request": "true" }, keepalive: true,
    });
  };

  const save = async () => {
    clearTimeout(timer);
    if (!isChanged || isSaving || isHeld || isSent || isUndecided()) return;
    isChanged = false;
    isSaving = true;
    const answer = await send().catch(() => null);
    isSaving = false;
    await taken(answer);
    if (isChanged && !isHeld) later(isWaiting(answer) ? AGAIN : PAUSE);
  };

  const isWaiting = (answer) => !answer || answer.status >= 500;

  const taken = async (answer) => {
    if (isSent) return;
    if (isWaiting(answer)) {
      isChanged = true;
      say("The site does not answer: the last answers are not kept yet. They stand here; trying again.");
    } else if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      isChanged = true;
      isHeld = true;
      say("The last answers are not kept: you are signed out, or may not enter them any more. They stand here; sign in again in another window.");
    } else {
      const isTold = show(await answer.text());
      isHeld = answer.status === 409;
      if (!isTold) say("The last answers are not kept. They stand here; note them, and reload the page to see why.");
      else if (answer.ok && !isChanged) form.dispatchEvent(new CustomEvent("answers-saved", { bubbles: true }));
    }
  };

  const touched = () => {
    isChanged = true;
    isSent = false;
    later(PAUSE);
  };
  form.addEventListener("input", touched);
  form.addEventListener("change", touched);

  // What was answered last goes ahead of a page that is left, and of a form that may be refused or never answered.
  const leave = () => {
    if (isChanged && !isHeld && !isUndecided()) send().catch(() => {});
    isChanged = false;
  };
  form.addEventListener("submit", () => {
    leave();
    isSent = true;
    clearTimeout(timer);
  });
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  window.addEventListener("online", () => save());
  document.body.addEventListener("session-reopened", () => { isHeld = false; later(0); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) isSent = false; });
  // A form that was refused shows what was typed, which may be more than was kept.
  if (form.querySelector("[data-focus]:not([data-conflict])")) touched();
})();
