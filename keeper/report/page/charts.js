// The charts through time. Runs in the page, as it stands here, after uPlot.
"use strict";

(() => {
  /** @typedef {import("../chartData.ts").ChartData} ChartData */
  /** @typedef {import("../chartData.ts").RunData} RunData */
  /** @typedef {import("uplot")} Chart */
  /** @typedef {import("uplot").Series} Series */
  /** @typedef {(number | null)[]} Line */

  const Plot = /** @type {typeof import("uplot")} */ (Reflect.get(globalThis, "uPlot"));
  const data = /** @type {ChartData} */ (JSON.parse(element("data").textContent));
  const section = element("time");
  const paths = /** @type {HTMLSelectElement | null} */ (document.getElementById("path"));
  const driftOf = /** @type {HTMLSelectElement} */ (element("drift-of"));
  const boxes = /** @type {HTMLInputElement[]} */ ([...section.querySelectorAll("input[data-strategy]")]);
  const COLOURS = 8;
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  const TALL = 300;
  const LOW = 190;

  const DAY = 86_400;
  /** For each step of ticks how they read, and what the first of a year and of a day adds. */
  const TIMES = [
    [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * DAY, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [DAY, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  ];

  /** @type {Chart[]} */
  let charts = [];

  /** @param {string} id */
  function element(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  function path() {
    return /** @type {ChartData["paths"][number]} */ (data.paths[Number(paths?.value ?? 0)]);
  }

  /** @param {string} name of a colour of the style sheet. */
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  /** @param {number} value */
  function text(value) {
    const digits = Math.abs(value) >= 1000 ? 0 : 2;
    return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
  }

  /**
   * @param {number} strategy
   * @returns {Series}
   */
  function seriesOf(strategy) {
    return {
      label: data.strategies[strategy] ?? "",
      stroke: colour(`c${String(strategy % COLOURS)}`),
      dash: DASHES[Math.floor(strategy / COLOURS) % DASHES.length] ?? [],
      width: 1.6,
      points: { show: false },
      show: boxes[strategy]?.checked ?? true,
      value: (_, value) => (value === null ? "–" : text(value)),
    };
  }

  /**
   * @param {string} id
   * @param {Series[]} series
   * @param {Line[]} lines
   * @param {Partial<import("uplot").Options>} [more]
   */
  function draw(id, series, lines, more = {}) {
    const place = element(id);
    const axis = {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
    };
    const options = {
      width: Math.max(200, place.clientWidth),
      height: id === "spot" || id === "gas" ? LOW : TALL,
      tzDate: (/** @type {number} */ seconds) => Plot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { sync: { key: "time" }, y: false, drag: { x: true, y: false } },
      axes: [
        { ...axis, space: 70, values: TIMES },
        {
          ...axis,
          size: 64,
          values: (/** @type {Chart} */ _, /** @type {number[]} */ ticks) => ticks.map(text),
        },
      ],
      series: [{ label: "UTC", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...series],
      ...more,
    };
    place.replaceChildren();
    charts.push(new Plot(options, [[...path().time], ...lines], place));
  }

  /** @param {readonly number[]} equity */
  function drawdown(equity) {
    let peak = -Infinity;
    return equity.map((value) => {
      peak = Math.max(peak, value);
      return value - peak;
    });
  }

  function drawDrift() {
    const strategy = Number(driftOf.value);
    const run = path().runs.find((one) => one.strategy === strategy);
    if (run === undefined) {
      element("drift").replaceChildren();
      element("drift-note").textContent = "was not recorded on this path";
      return;
    }
    const hasBand = run.high.length > 0;
    element("drift-note").textContent =
      `${String(run.marks.length)} trades marked, from drift before to drift after` +
      (hasBand ? "; the band is shaded" : "; this rule has no band");
    const own = seriesOf(strategy);
    const edge = { stroke: `${colour("soft")}88`, width: 1, points: { show: false }, value: own.value };
    const series = [
      { ...own, label: "drift", show: true },
      ...(hasBand
        ? [
            { ...edge, label: "upper edge" },
            { ...edge, label: "lower edge" },
          ]
        : []),
    ];
    const bands = hasBand
      ? { bands: [{ series: /** @type {[number, number]} */ ([2, 3]), fill: `${colour("soft")}22` }] }
      : {};
    draw("drift", series, [[...run.drift], ...(hasBand ? [[...run.high], [...run.low]] : [])], {
      ...bands,
      scales: { y: { range: (chart) => around(chart, run) } },
      hooks: { draw: [(chart) => drawMarks(chart, run)] },
    });
  }

  /**
   * A range for what is in view of drift and trades, and of the band what is not far outside: near an expiry it may be.
   * @param {Chart} chart
   * @param {RunData} run
   * @returns {[number, number]}
   */
  function around(chart, run) {
    const from = chart.scales["x"]?.min ?? -Infinity;
    const to = chart.scales["x"]?.max ?? Infinity;
    const { time } = path();
    let least = 0;
    let most = 0;
    /** @param {number} value */
    const take = (value) => {
      least = Math.min(least, value);
      most = Math.max(most, value);
    };
    const inView = time.flatMap((at, index) => (at >= from && at <= to ? [index] : []));
    for (const index of inView) take(run.drift[index] ?? 0);
    for (const [at, before, after] of run.marks) if (at >= from && at <= to) [before, after].forEach(take);
    const reach = 0.3 * (most - least);
    const [bottom, top] = [least - reach, most + reach];
    for (const index of inView) {
      take(Math.max(bottom, run.low[index] ?? 0));
      take(Math.min(top, run.high[index] ?? 0));
    }
    const [low, high] = Plot.rangeNum(least, most, 0.06, true);
    return [low ?? -1, high ?? 1];
  }

  /**
   * @param {Chart} chart
   * @param {RunData} run
   */
  function drawMarks(chart, run) {
    const { ctx, bbox } = chart;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = colour("ink");
    ctx.lineWidth = ratio;
    for (const [time, before, after] of run.marks) {
      const x = chart.valToPos(time, "x", true);
      const from = chart.valToPos(before, "y", true);
      const to = chart.valToPos(after, "y", true);
      ctx.beginPath();
      ctx.moveTo(x, from);
      ctx.lineTo(x, to);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(x, to, 2.2 * ratio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }

  function drawAll() {
    for (const chart of charts) chart.destroy();
    charts = [];
    const { runs, spot, gas } = path();
    const series = runs.map(({ strategy }) => seriesOf(strategy));
    draw(
      "equity",
      series,
      runs.map(({ equity }) => [...equity]),
    );
    draw(
      "drawdown",
      series,
      runs.map(({ equity }) => drawdown(equity)),
    );
    drawDrift();
    const plain = { stroke: colour("ink"), width: 1.4, points: { show: false } };
    draw("spot", [{ ...plain, label: "USD" }], [[...spot]]);
    draw("gas", [{ ...plain, label: "gwei" }], [[...gas]]);
  }

  function showAll() {
    const { time } = path();
    for (const chart of charts) chart.setScale("x", { min: time[0] ?? 0, max: time.at(-1) ?? 1 });
  }

  /**
   * Reads values off with the arrows.
   * @param {KeyboardEvent} event
   */
  function onKey(event) {
    const place = /** @type {HTMLElement} */ (event.target);
    const chart = charts.find(({ root }) => root.parentElement === place);
    if (chart === undefined) return;
    const { time } = path();
    const last = time.length - 1;
    const stride = event.shiftKey ? Math.ceil(last / 20) : Math.ceil(last / 400);
    const now = chart.cursor.idx ?? 0;
    const next = { ArrowLeft: now - stride, ArrowRight: now + stride, Home: 0, End: last }[event.key];
    if (event.key === "Escape") showAll();
    else if (next === undefined) return;
    else {
      const index = Math.min(last, Math.max(0, next));
      chart.setCursor({ left: chart.valToPos(time[index] ?? 0, "x"), top: 1 });
    }
    event.preventDefault();
  }

  function fit() {
    for (const chart of charts) {
      const width = Math.max(200, chart.root.parentElement?.clientWidth ?? 0);
      if (width !== chart.width) chart.setSize({ width, height: chart.height });
    }
  }

  drawAll();
  paths?.addEventListener("change", drawAll);
  driftOf.addEventListener("change", drawAll);
  for (const box of boxes) box.addEventListener("change", drawAll);
  section.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // A frame later: a chart that changes its size within the observer's turn would be reported as a loop.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(section);
})();
