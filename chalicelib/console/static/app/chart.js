// Charts as our own SVG: bars and lines over the same places, with a table behind them for whoever does not see them.
import { classes, html, useId } from "./dom.js";
import { texts } from "./texts.js";

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 36;
const BOTTOM = 24;

/**
 * `places` are the labels along the bottom; `series` are {title, values, kind: "bar"|"line"|"step", tone}, null where
 * nothing is known. `show` writes a value.
 */
export function Chart({ title, places, series, show = String, top }) {
  const id = useId();
  const most = top ?? Math.max(1, ...series.flatMap((one) => one.values.map((value) => value ?? 0))) * 1.1;
  const step = (WIDTH - LEFT) / Math.max(1, places.length);
  const x = (index) => LEFT + index * step;
  const y = (value) => (HEIGHT - BOTTOM) * (1 - Math.min(value, most) / most) + 4;
  const marks = [0, most / 2, most];
  const every = Math.max(1, Math.ceil(places.length / 12));
  return html`<figure class="chart">
    <figcaption id=${id}>${title}
      <span class="legend">${series.map((one) => html`<span key=${one.title} class=${classes("key", one.kind, one.tone)}>${one.title}</span>`)}</span>
    </figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT + 8}`} role="img" aria-labelledby=${id} preserveAspectRatio="none">
      ${marks.map((value) => html`<g key=${value}><line class="grid" x1=${LEFT} x2=${WIDTH} y1=${y(value)} y2=${y(value)} />
        <text x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${show(value)}</text></g>`)}
      ${series.map((one) => (one.kind === "bar" ? bars(one, series, x, y, step) : line(one, x, y, step)))}
      ${places.map((place, index) => index % every === 0 && html`<text key=${index} x=${x(index) + step / 2} y=${HEIGHT} text-anchor="middle">${place}</text>`)}
    </svg>
    <details><summary>${texts.asTable}</summary>
      <div class="scroller short" tabindex="0" role="region" aria-label=${title}><table><thead><tr><th scope="col"></th>${series.map((one) => html`<th scope="col" class="number">${one.title}</th>`)}</tr></thead>
        <tbody>${places.map((place, index) => html`<tr><th scope="row">${place}</th>
          ${series.map((one) => html`<td class="number">${one.values[index] === null || one.values[index] === undefined ? "–" : show(one.values[index])}</td>`)}</tr>`)}</tbody>
      </table></div></details>
  </figure>`;
}

function bars(one, series, x, y, step) {
  const all = series.filter((other) => other.kind === "bar");
  const place = all.indexOf(one);
  const width = (step * 0.8) / all.length;
  return html`<g class=${classes("bars", one.tone)}>${one.values.map(
    (value, index) =>
      value > 0 &&
      html`<rect key=${index} x=${x(index) + step * 0.1 + place * width} y=${y(value)} width=${width} height=${Math.max(1, y(0) - y(value))} />`,
  )}</g>`;
}

function line(one, x, y, step) {
  let path = "";
  let drawing = false;
  one.values.forEach((value, index) => {
    if (value === null || value === undefined) {
      drawing = false;
      return;
    }
    const [left, right, height] = [x(index), x(index) + step, y(value)];
    if (one.kind === "step") path += `${drawing ? "L" : "M"}${left} ${height}L${right} ${height}`;
    else path += `${drawing ? "L" : "M"}${left + step / 2} ${height}`;
    drawing = true;
  });
  return html`<path class=${classes("line", one.tone)} d=${path} />`;
}
