// Suggestions, graphs, charts and the links of a document. All data is read from the page as JSON
// or attributes, and put back as text.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const styles = getComputedStyle(document.documentElement);
const css = (name) => styles.getPropertyValue(name).trim();
const dataOf = (figure, kind) =>
  JSON.parse(figure.querySelector(`script.${kind}-data`).textContent);

// ---- suggestions: a combobox with a list (WAI-ARIA 1.2) -------------------------------------

function combobox(input) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");
  const show = (on) => {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (!on) input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    option.id ||= `${list.id}-${options().indexOf(option)}`;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    input.value = option.dataset.value;
    show(false);
    const others = [...input.form.querySelectorAll("input[role=combobox]")];
    const empty = others.find((other) => !other.value);
    if (empty) empty.focus();
    else input.form.requestSubmit();
  };
  list.addEventListener("htmx:afterSwap", () =>
    show(options().length > 0 && document.activeElement === input));
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) { event.preventDefault(); take(option); }
  });
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      show(true);
      const step = event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1;
      choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && !list.hidden && chosen()) {
      event.preventDefault();
      take(chosen());
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show(false);
    }
  });
}

// ---- graph of bridges -----------------------------------------------------------------------

const numbers = JSON.parse(document.getElementById("colours").textContent);
const colourOf = (lang) => css(`--okabe-${numbers[lang] ?? 7}`);

function graph(figure) {
  const { nodes, edges } = dataOf(figure, "graph");
  const columns = [0, 1, 2].map((number) => nodes.filter((node) => node.column === number));
  const drawing = figure.querySelector(".drawing");
  const width = drawing.clientWidth, height = drawing.clientHeight;
  const place = (node) => {
    const own = columns[node.column];
    return {
      x: width * (0.14 + 0.36 * node.column),
      y: height * (own.indexOf(node) + 1) / (own.length + 1),
    };
  };
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "15px system-ui, Noto Sans, Noto Sans CJK SC, sans-serif";
  const textOf = (node) => node.lang ? `${node.label}  ${node.lang}` : node.label;
  const widthOf = (node) => pen.measureText(textOf(node)).width + 4;
  const most = Math.max(...edges.map((edge) => edge.strength), 0.001);
  const drawn = cytoscape({
    container: drawing,
    elements: [
      ...nodes.map((node) => ({ data: { ...node, colour: colourOf(node.lang), width: widthOf(node) },
        position: place(node) })),
      ...edges.map((edge) => ({
        data: { ...edge, width: 1.5 + 8 * edge.strength / most, style: edge.prevails ? "solid" : "dashed",
          label: edge.direct ? `direct, together ${edge.n_ab}` : "" },
        classes: edge.direct ? "direct" : "",
      })),
    ],
    layout: { name: "preset", fit: false },
    pan: { x: 0, y: 0 },
    zoom: 1,
    userZoomingEnabled: false,
    userPanningEnabled: false,
    style: [
      { selector: "node", style: {
        label: (node) => textOf(node.data()),
        "background-color": css("--card"), "border-width": 3, "border-color": "data(colour)",
        shape: "round-rectangle", width: "data(width)", height: 24, padding: "6px",
        color: css("--ink"), "font-size": 15, "text-valign": "center", "text-halign": "center",
        "font-family": "system-ui, Noto Sans, Noto Sans CJK SC, sans-serif",
      } },
      { selector: "edge", style: {
        width: "data(width)", "line-style": "data(style)", "line-color": css("--soft"),
        "curve-style": "bezier", opacity: 0.75,
      } },
      { selector: "edge.direct", style: {
        "curve-style": "unbundled-bezier", "control-point-distances": [height * 0.46],
        "line-color": css("--focus"), label: "data(label)", color: css("--ink"), "font-size": 14,
        "text-background-color": css("--card"), "text-background-opacity": 1,
      } },
    ],
  });
  figure.drawn = drawn;
  drawn.on("tap", "node", (event) => {
    if (!figure.closest("[data-offline]")) {
      location.href = `/word?q=${encodeURIComponent(event.target.data("asked"))}`;
    }
  });
}

// ---- charts ---------------------------------------------------------------------------------

function chart(figure) {
  const ink = css("--ink"), soft = css("--soft"), rule = css("--rule");
  const config = {
    background: "transparent", font: "system-ui, Noto Sans, sans-serif",
    view: { stroke: "transparent" },
    axis: { labelColor: ink, titleColor: soft, gridColor: rule, domainColor: rule, tickColor: rule,
      labelFontSize: 14, titleFontSize: 14 },
    legend: { labelColor: ink, titleColor: soft, labelFontSize: 14, titleFontSize: 14 },
    title: { color: ink, fontSize: 16 }, text: { color: ink, fontSize: 14 },
    header: { labelColor: ink, titleColor: soft, labelFontSize: 14, titleFontSize: 14 },
  };
  vegaEmbed(figure.querySelector(".drawing"), dataOf(figure, "chart"), {
    ast: true, renderer: "svg", actions: false, defaultStyle: false, config,
    tooltip: { disableDefaultStyle: true },
  });
}

// ---- links of a document --------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function textLinks(text) {
  const ends = new Map();
  text.querySelectorAll("[data-links]").forEach((end) =>
    end.dataset.links.split(" ").forEach((link) =>
      ends.set(link, [...(ends.get(link) || []), end])));
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("aria-hidden", "true");
  text.append(picture);
  const trace = () => {
    const box = text.getBoundingClientRect();
    picture.replaceChildren();
    if (document.getElementById("draw-links")?.checked === false) return;
    for (const [link, [one, other]] of ends) {
      if (!other) continue;
      const [a, b] = [one, other].map((end) => end.getClientRects()[0]);
      const [upper, lower] = a.top <= b.top ? [a, b] : [b, a];
      const x1 = upper.left + upper.width / 2 - box.left, y1 = upper.bottom - box.top;
      const x2 = lower.left + lower.width / 2 - box.left;
      const y2 = (lower.top - upper.top < 4 ? lower.bottom : lower.top) - box.top;
      const bow = y2 > y1 + 4 ? (y2 - y1) / 2 : 18;
      const curve = document.createElementNS(SVG, "path");
      curve.setAttribute("d",
        `M${x1} ${y1} C${x1} ${y1 + bow} ${x2} ${y2 > y1 + 4 ? y2 - bow : y2 + bow} ${x2} ${y2}`);
      curve.setAttribute("data-links", link);
      picture.append(curve);
    }
  };
  const light = (event, on) => {
    const numbers = event.target.closest?.("[data-links]")?.dataset.links.split(" ") || [];
    document.querySelectorAll("[data-links]").forEach((one) => one.classList.toggle("on",
      on && one.dataset.links.split(" ").some((link) => numbers.includes(link))));
  };
  document.addEventListener("mouseover", (event) => light(event, true));
  document.addEventListener("focusin", (event) => light(event, true));
  document.getElementById("draw-links")?.addEventListener("change", trace);
  new ResizeObserver(trace).observe(text);
}

function draw() {
  document.querySelectorAll("figure.graph").forEach(graph);
  document.querySelectorAll("figure.chart").forEach(chart);
}

document.querySelectorAll("input[role=combobox]").forEach(combobox);
document.querySelectorAll(".text").forEach(textLinks);
draw();
dark.addEventListener("change", draw);
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing) {
    event.preventDefault();
    document.querySelector("input[role=combobox]")?.focus();
  }
});
