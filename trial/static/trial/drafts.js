// What is typed on a form keeps itself on the server, and is offered when the form is opened again: after a killed
// browser, on another machine, never to anybody else. A draft touches no record.
(() => {
  "use strict";
  const PAUSE = 2_000, AGAIN = 5_000, MINUTE = 60_000;
  const PLACE = "/draft/";
  const OF_THE_PAGE = ["csrfmiddlewaretoken", "draft", "page", "turn"];
  const LEFT_OUT = [...OF_THE_PAGE, "key", "interview"];
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  const opened = Date.now();
  const two = (number) => String(number).padStart(2, "0");

  // The clock of the site, as the page said it when it was opened.
  const siteTime = (secondsAgo) => {
    const at = new Date(Date.parse(`${document.body.dataset.now}Z`) + (Date.now() - opened) - secondsAgo * 1000);
    return { day: at.toISOString().slice(0, 10), time: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}` };
  };

  // A name for this page: what it still sends after it was saved is known by it, and dropped.
  const newName = () => {
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  const isKept = (form) => form.matches("form.record-form[method=post]") && !form.closest("[data-no-draft]")
    && !form.querySelector("input[type=password]:not([data-no-draft]), input[type=file]");

  const addressOf = (form) => {
    const own = new URL(form.getAttribute("action") || "", window.location.href);
    return own.pathname + own.search;
  };

  const fieldsOf = (form) => {
    const fields = {};
    // Who signs types name and password each time anew.
    const never = [...form.querySelectorAll("[data-no-draft]")].map((field) => field.name);
    [...new FormData(form)].forEach(([name, value]) => {
      if (never.includes(name) || name === "csrfmiddlewaretoken" || name === "draft" || name.startsWith("conflict.")) return;
      (fields[name] ||= []).push(String(value));
    });
    return fields;
  };
  const answersOf = (fields) => JSON.stringify(Object.entries(fields).filter(([name, values]) =>
    !LEFT_OUT.includes(name) && !name.startsWith("conflict.") && values.some(Boolean)).sort());

  class Drafted {
    constructor(form) {
      this.form = form;
      this.address = addressOf(form);
      this.page = newName();
      this.isDirty = false;
      this.isSent = false;
      this.isOff = true;
      this.under = document.createElement("p");
      this.under.className = "draft-state text-secondary";
      this.under.setAttribute("role", "status");
      this.under.setAttribute("aria-live", "polite");
      (form.querySelector(".card-footer") || form).append(this.under);
      const name = document.createElement("input");
      Object.assign(name, { type: "hidden", name: "draft", value: this.page });
      form.prepend(name);
      this.asOpened = answersOf(fieldsOf(form));
      this.isRefused = Boolean(form.querySelector("[data-focus]"));
      this.ready = this.look();
      if (this.isRefused) this.typed();
    }

    async ask(body, options = {}) {
      return fetch(PLACE, {
        method: "POST", body: new URLSearchParams({ address: this.address, opened: this.page, ...body }),
        headers: { "X-CSRFToken": token(), "X-User-Action": "1", "HX-Request": "true", Accept: "application/json" }, ...options,
      });
    }

    typed() {
      this.isDirty = true;
      this.isSent = false;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), PAUSE);
    }

    async save(options = {}) {
      clearTimeout(this.timer);
      if (!options.keepalive) await this.ready;
      if (!this.isDirty || this.isSent || this.isOff || !this.form.isConnected) return;
      this.isDirty = false;
      try {
        const answer = await this.ask({ fields: JSON.stringify(fieldsOf(this.form)) }, options);
        if (answer.redirected || answer.status === 401 || answer.status === 403) {
          this.isDirty = true;
          this.say("You are signed out, so the draft is not saved. What you typed stands here; sign in again.");
        } else if (answer.status >= 500) this.retry();
        else if (!answer.ok) this.say("This is too long for a draft; save the form itself.");
        else this.say(`Draft saved ${siteTime(0).time}`);
      } catch {
        this.retry();
      }
    }

    retry() {
      if (this.isSent) return;
      this.isDirty = true;
      this.say("No connection: the draft is not saved yet. What you typed stands here; trying again.");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), AGAIN);
    }

    say(words) {
      if (this.under.textContent !== words) this.under.textContent = words;
    }

    // What was typed last goes ahead of the form, for a form that is refused, or a page that never answers.
    sent() {
      this.save({ keepalive: true });
      this.isSent = true;
      clearTimeout(this.timer);
    }

    // A form that was sent and not answered still holds what was typed.
    unanswered() {
      this.isSent = false;
      this.retry();
    }

    async look() {
      try {
        const answer = await fetch(`${PLACE}?${new URLSearchParams({ address: this.address })}`, { headers: { Accept: "application/json" } });
        // The server lists the forms that keep drafts; what is typed on any other never leaves the page.
        if (answer.status !== 200 || answer.redirected) {
          this.isOff = false;
          return;
        }
        const found = await answer.json();
        this.isOff = !found.fields;
        if (this.isOff) return;
        if (!this.isRefused && answersOf(found.fields) !== answersOf(fieldsOf(this.form)) && !this.isDirty) this.offer(found);
      } catch {
        this.isOff = false;
      }
    }

    offer(found) {
      const { day, time } = siteTime(found.seconds_ago);
      const version = this.form.elements.version?.value || "";
      const wasVersion = found.fields.version?.[0] || "";
      const box = document.createElement("div");
      box.className = "alert alert-info draft-offer";
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", "Unsaved draft");
      const words = document.createElement("p");
      words.textContent = `You typed this form on ${day} at ${time} and did not save it.`;
      if (version !== wasVersion) {
        words.textContent += " The record was saved since by somebody: when you restore and save, you see both sides and choose.";
      }
      const restore = document.createElement("button"), discard = document.createElement("button");
      Object.assign(restore, { type: "button", className: "btn btn-primary", textContent: "Restore" });
      Object.assign(discard, { type: "button", className: "btn", textContent: "Discard" });
      restore.addEventListener("click", () => { box.remove(); this.restore(found.fields); });
      discard.addEventListener("click", () => { box.remove(); this.discard(); });
      const list = document.createElement("div");
      list.className = "btn-list";
      list.append(restore, discard);
      box.append(words, list);
      this.form.prepend(box);
    }

    restore(fields) {
      [...this.form.elements].forEach((control) => {
        const values = fields[control.name];
        if (!control.name || OF_THE_PAGE.includes(control.name)) return;
        if (control.type === "radio" || control.type === "checkbox") control.checked = Boolean(values?.includes(control.value));
        else if (values) control.value = values[0];
        control.dispatchEvent(new Event("change", { bubbles: true }));
        if (control.type !== "hidden" && control.type !== "radio") control.dispatchEvent(new Event("input", { bubbles: true }));
      });
      const first = this.form.querySelector("input:not([type=hidden]), select, textarea");
      first?.focus();
      this.typed();
      this.say("The draft is restored; it is not saved as a record yet.");
    }

    async discard() {
      try {
        await this.ask({ discard: "1" });
        this.page = newName();
        this.form.elements.draft.value = this.page;
        this.say("The draft is discarded.");
      } catch {
        this.say("No connection: the draft could not be discarded.");
      }
    }
  }

  const drafted = new Map();
  const start = () => {
    document.querySelectorAll("form.record-form").forEach((form) => {
      if (!drafted.has(form) && isKept(form)) drafted.set(form, new Drafted(form));
    });
    [...drafted.keys()].filter((form) => !form.isConnected).forEach((form) => drafted.delete(form));
  };
  const of = (target) => drafted.get(target?.closest?.("form"));

  document.addEventListener("input", (event) => of(event.target)?.typed());
  document.addEventListener("change", (event) => of(event.target)?.typed());
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented || event.target.hasAttribute("hx-post")) of(event.target)?.sent(); });
  document.addEventListener("htmx:beforeRequest", (event) => of(event.detail.elt)?.sent());
  ["htmx:sendError", "htmx:responseError"].forEach((name) => {
    document.addEventListener(name, (event) => of(event.detail.elt)?.unanswered());
  });
  document.addEventListener("htmx:afterSettle", start);
  document.addEventListener("draft-wanted", () => { start(); drafted.forEach((one) => one.typed()); });
  window.addEventListener("online", () => drafted.forEach((one) => one.save()));
  const leave = () => drafted.forEach((one) => one.save({ keepalive: true }));
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
  window.addEventListener("pageshow", (event) => {
    // A form that comes back from the browser's memory may have been sent and not taken.
    if (event.persisted) drafted.forEach((one) => { one.isSent = false; });
  });
  start();
  setInterval(start, MINUTE);
})();
