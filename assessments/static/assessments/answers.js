// The answers of an interview are kept while it goes on: on the server, in the trail, for a colleague to go on with.
// The server says how they stand and what they call for; what it could not be told is said in red beside the total.
(() => {
  "use strict";
  const PAUSE = 1_500, AGAIN = 5_000, PATIENCE = 10_000;
  const form = document.querySelector("form[data-answers]");
  if (!form) return;
  const part = (root, name) => root.querySelector(`[data-answers-part="${name}"]`);
  const words = part(form, "state");
  let isChanged = false, isSaving = false, isOver = false, isSent = false, isSubmitting = false, isReopened = false, timer = 0;

  // Where both changed an answer, nothing is kept before its author has chosen.
  const isUndecided = () => Boolean(form.querySelector(".conflict-undecided"));

  const warn = (text) => {
    if (words.textContent === text) return;
    const said = document.createElement("strong");
    Object.assign(said, { className: "text-danger", textContent: text });
    said.setAttribute("role", "alert");
    words.replaceChildren(said);
  };

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };

  // What is to be done at once comes into sight when it is called for, and is not read out again at every save.
  const LEVELS = ["review", "urgent", "emergency"];
  const boxOf = (root) => root.querySelector("[data-escalation]");
  const keyOf = (root) => [...root.querySelectorAll(".alert-title, [data-unreached], [data-untold]")]
    .map((one) => one.dataset.unreached ?? one.dataset.untold ?? one.textContent).join();

  const showAlarm = (from) => {
    const to = part(form, "alarm");
    if (keyOf(to) === keyOf(from)) return;
    to.replaceChildren(...from.childNodes);
    window.htmx?.process(to);
    if (boxOf(to)) to.scrollIntoView({ block: "start" });
  };

  // What a score calls for is on the page already, for an answer that the site has not taken.
  const showUntold = () => {
    const steps = [...form.querySelectorAll("template[data-steps-from]")].reverse();
    const score = Number(form.querySelector("[name=item_suicidal_thoughts]:checked")?.value ?? -1);
    const called = steps.find((one) => score >= Number(one.dataset.stepsFrom));
    const box = document.createElement("div"), shown = boxOf(part(form, "alarm"));
    if (called) box.append(called.content.cloneNode(true));
    const levelOf = (one) => LEVELS.indexOf(one?.dataset.escalation);
    // What the server said stays, unless this calls for more.
    if (shown && !("untold" in shown.dataset) && levelOf(shown) >= levelOf(boxOf(box))) return;
    if (called || shown) showAlarm(box);
  };

  // Says how the answers stand in the words of the server; false where it said something else.
  const show = (html) => {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const alarm = part(answer, "alarm"), state = part(answer, "state");
    if (alarm) showAlarm(alarm);
    if (state && words.innerHTML.trim() !== state.innerHTML.trim()) words.replaceChildren(...state.childNodes);
    const version = words.querySelector("[data-version]")?.dataset.version;
    if (version) form.elements.interview.value = version;
    return Boolean(state);
  };

  const send = (isOwn) => {
    // The same answers again are the same save: the server writes them once.
    if (isChanged) form.elements.turn.value = Number(form.elements.turn.value) + 1;
    isChanged = false;
    // The token of the page is sent as it is: should somebody else have signed in meanwhile, it is refused.
    const body = new URLSearchParams(new FormData(form));
    const headers = { "HX-Request": "true", ...(isOwn && { "X-User-Action": "1" }) };
    const signal = AbortSignal.timeout(PATIENCE);
    return fetch(form.dataset.answers, { method: "POST", body, redirect: "manual", headers, keepalive: true, signal });
  };

  // Sends what was answered, and says what became of it: kept, refused, conflict, or untold where nobody heard it.
  const keep = async (isOwn = true) => {
    isSaving = true;
    const became = await send(isOwn).then(taken).catch(() => silent());
    isSaving = false;
    if (became === "untold") {
      isChanged = true;
      showUntold();
    } else isReopened = isOver = false;
    return became;
  };

  const save = async () => {
    clearTimeout(timer);
    if (isUndecided()) showUntold();
    if (!isChanged || isSaving || isOver || isSent || isUndecided()) return;
    const isAgain = Boolean(words.querySelector("[role=alert]"));
    const became = await keep(!isAgain);
    if (isChanged && !isOver) later(became === "untold" ? AGAIN : PAUSE);
  };

  const silent = () => {
    warn("The site does not answer: the last answers are not kept yet. They are on this page only; trying again.");
    return "untold";
  };

  const over = () => {
    isOver = true;
    if (isReopened) {
      warn("The last answers are not kept: you may not enter them any more, or something else has to be done first; open another window to see. They are on this page only.");
    } else {
      warn("Your session is over: the last answers are not kept. They are on this page only; go on by password.");
      document.body.dispatchEvent(new CustomEvent("session-over", { bubbles: true }));
    }
    return "untold";
  };

  const taken = async (answer) => {
    if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return over();
    if (answer.status >= 500) return silent();
    if (!show(await answer.text())) {
      warn("The last answers are not kept. They are on this page only: note them, and reload the page to see why.");
      return "untold";
    }
    if (answer.status === 409) {
      keepDraft();
      return "conflict";
    }
    if (!answer.ok) {
      showUntold();
      return "refused";
    }
    if (!isChanged) form.dispatchEvent(new CustomEvent("answers-saved", { bubbles: true }));
    return "kept";
  };

  // While it is open whose answers stand, one's own are kept as a draft.
  const keepDraft = () => {
    if (!form.hasAttribute("data-no-draft")) return;
    form.removeAttribute("data-no-draft");
    document.dispatchEvent(new CustomEvent("draft-wanted"));
  };

  const touched = () => {
    isChanged = true;
    isSent = false;
    later(PAUSE);
  };
  form.addEventListener("input", touched);
  form.addEventListener("change", touched);

  // The answers go first: where nobody hears them, the page with them stays and nothing is submitted.
  const submit = async (submitter) => {
    const became = await keep();
    if (became === "untold" && !isOver) {
      warn("The site does not take the answers: nothing is submitted. They are on this page only; submit again when it does.");
      later(AGAIN);
    } else if (became === "kept" || became === "refused") {
      isSent = true;
      form.requestSubmit(submitter);
    }
  };
  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    if (isSent || event.submitter?.name === "compare" || isUndecided()) return;
    event.preventDefault();
    if (isSubmitting) return;
    isSubmitting = true;
    words.textContent = "Submitting …";
    await submit(event.submitter).finally(() => { isSubmitting = false; });
  });

  // Who leaves by a link while it is on its way would leave it unsubmitted.
  form.addEventListener("click", (event) => { if (isSubmitting && event.target.closest("a")) event.preventDefault(); });

  const leave = () => {
    if (isChanged && !isOver && !isSent && !isUndecided()) send(true).catch(() => {});
  };
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  window.addEventListener("online", () => save());
  document.body.addEventListener("session-reopened", () => {
    if (!isOver) return;
    isOver = false;
    isReopened = true;
    later(0);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) isSent = false; });
  // A form that was refused, or is laid beside another, holds what may be more than was kept.
  if (form.querySelector("[data-focus]")) form.dispatchEvent(new Event("input", { bubbles: true }));
})();
