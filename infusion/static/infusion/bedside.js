// The charts of the bedside page, drawn anew when the rate changes, the theme switches or the page is resized;
// and a rate that is refused (422), in conflict (409) or locked (423) is shown in the form's place.
(() => {
  "use strict";
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if ([409, 422, 423].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    document.querySelector("#rate-form [data-focus]")?.focus();
  });

  const place = document.getElementById("course");
  if (!place || !window.uPlot) return;
  const boxes = { rate: place.querySelector("[data-chart=rate]"), vitals: place.querySelector("[data-chart=vitals]") };
  const drawn = {};
  let latest = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const line = (label, name, more) => ({ label, stroke: colour(name), width: 2, ...more });
  // A canvas takes resolved colours only, so these are read from elements and not from the theme's variables.
  const axis = (label) => ({
    label, stroke: getComputedStyle(document.body).color,
    grid: { stroke: getComputedStyle(place.closest(".card")).borderTopColor, width: 1 },
  });
  const fromZero = (chart, least, most) => [0, Math.max(most, 0.1) * 1.1];
  // Paper is narrower than most screens: what would be cut off at its edge is drawn to fit before it is printed.
  const PAPER = 640;
  let isPrinting = false;
  const show = (name, data, series, unit, y = {}) => {
    drawn[name]?.destroy();
    const options = {
      width: isPrinting ? PAPER : Math.max(place.clientWidth, 240), height: 200, scales: { x: { time: false, range: () => latest.axis }, y },
      axes: [axis("hours"), axis(unit)], series: [{ label: "hours" }, ...series],
    };
    drawn[name] = new uPlot(options, data, boxes[name]);
  };
  const draw = () => {
    if (!latest) return;
    const { rate, vitals } = latest;
    show("rate", [rate.hours, rate.rate], [line("rate", "--tblr-primary", { paths: uPlot.paths.stepped({ align: 1 }) })], "mg/kg/h", { range: fromZero });
    if (vitals.hours.length) {
      show("vitals", [vitals.hours, vitals.systolic, vitals.diastolic, vitals.heart_rate], [
        line("systolic", "--tblr-red"), line("diastolic", "--tblr-orange", { dash: [6, 3] }),
        line("heart rate", "--tblr-cyan", { dash: [2, 3] }),
      ], "mmHg, 1/min");
    }
  };
  const load = async () => {
    const answer = await fetch(place.dataset.source, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    latest = await answer.json();
    draw();
  };

  document.body.addEventListener("rate-changed", load);
  window.addEventListener("resize", draw);
  window.addEventListener("beforeprint", () => { isPrinting = true; draw(); });
  window.addEventListener("afterprint", () => { isPrinting = false; draw(); });
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  load();
})();
