// Under every date and time: the same moment in ISO form with its weekday, and how long ago that is at the site.
// Browsers write date controls in their own locale (11/12 or 12/11); the echo leaves no doubt which day is meant.
(() => {
  "use strict";
  const CONTROLS = "input[type=datetime-local], input[type=date]";
  const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const opened = Date.now();
  const wall = (text) => Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`);
  const siteNow = () => wall(document.body.dataset.now) + (Date.now() - opened);

  const apart = (at) => {
    const away = Math.abs(siteNow() - at);
    if (away < 2 * MINUTE) return "now";
    const length = away < HOUR ? `${Math.round(away / MINUTE)} min`
      : away < 2 * DAY ? `${Math.round(away / HOUR)} h`
      : `${Math.round(away / DAY)} days`;
    return at < siteNow() ? `${length} ago` : `in ${length}`;
  };

  const words = (control) => {
    if (!control.value) return "";
    const at = wall(control.value);
    const weekday = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(at);
    const day = `${weekday} ${control.value.slice(0, 10)}`;
    return control.type === "date" ? day : `${day} ${control.value.slice(11, 16)}, ${apart(at)}`;
  };

  const echo = (control) => {
    let place = document.getElementById(`${control.id}_echo`);
    if (!place) {
      place = document.createElement("small");
      place.id = `${control.id}_echo`;
      place.className = "form-hint";
      place.dataset.echo = "";
      place.setAttribute("aria-live", "polite");
      control.insertAdjacentElement("afterend", place);
      const described = control.getAttribute("aria-describedby");
      control.setAttribute("aria-describedby", described ? `${described} ${place.id}` : place.id);
    }
    place.textContent = words(control);
  };

  const echoAll = () => document.querySelectorAll(CONTROLS).forEach((control) => { if (control.id) echo(control); });
  document.addEventListener("input", (event) => { if (event.target.matches(CONTROLS)) echo(event.target); });
  document.addEventListener("htmx:afterSettle", echoAll);
  window.addEventListener("pageshow", echoAll);
  setInterval(echoAll, MINUTE);
})();
