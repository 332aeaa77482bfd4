// A day as bars, person by person over thirty-six hours, above the line of its coverage.
import { classes, html, useEffect, useState } from "./dom.js";
import { useGet, useRows } from "./data.js";
import { Filters } from "./filters.js";
import { hours, plus, today, weekday } from "./format.js";
import { keep, link } from "./router.js";
import { Shifts } from "./shifts.js";
import { Exports, useWindow } from "./table.js";
import { texts } from "./texts.js";
import { timeline as t } from "./texts.timeline.js";
import { Coverage } from "./today.js";
import { Button, Empty, Head, Legend, Loaded, Trouble } from "./ui.js";

const HEIGHT = 40;
const SPAN = 36 * 60;
const MARKS = [0, 6, 12, 18, 24, 30];
const WHOM = ["department", "shift", "supervisor"];
const minute = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
const share = (count) => `${(100 * Math.max(0, Math.min(SPAN, count))) / SPAN}%`;

export default function Timeline({ me, route }) {
  const { date: asked, ...whom } = route.query;
  const date = asked || today();
  const query = { ...whom, start_date: date, end_date: date, has_start_time: true };
  const rows = useRows("schedules", query);
  const [open, show] = useState(null);
  const covered = useGet("schedules/coverage", { date, department: whom.department, interval: 30 });
  return html`<${Head} title=${t.title} about=${t.about}>
      <${Button} onClick=${() => keep({ date: plus(date, -1) })}>${t.previous}<//>
      <${Button} onClick=${() => keep({ date: "" })}>${t.now}<//>
      <${Button} onClick=${() => keep({ date: plus(date, 1) })}>${t.next}<//>
      <${Button} onClick=${() => window.print()}>${t.print}<//>
    <//>
    <${Filters} fields=${[{ name: "date", label: t.date, kind: "date" }, ...WHOM]} query=${{ ...route.query, date }} />
    <${Legend} />
    <${Trouble} error=${rows.error} retry=${rows.reload} />
    ${rows.total === 0
      ? html`<${Empty} title=${t.nobody}>${t.teach}<//>`
      : html`<div class="tabular"><div class="above"><span class="muted" role="status">${weekday(date)}: ${rows.total === null ? texts.loading : texts.rows(rows.total)}</span>
            <${Exports} path="schedules" query=${query} /></div>
          <${Bars} rows=${rows} date=${date} onOpen=${show} /></div>
        <section class="panel"><${Loaded} found=${covered}>${({ data }) => html`<${Coverage} rows=${data} />`}<//></section>`}
    ${open && html`<${Shifts} me=${me} person=${open} date=${open.nominal_date} rows=${[open]} onClose=${() => show(null)} onDone=${rows.reload} />`}`;
}

function Bars({ rows, date, onOpen }) {
  const [span, look] = useWindow(rows.total || 0, HEIGHT);
  const total = rows.total || 0;
  useEffect(() => rows.look(span.first, span.last), [span.first, span.last, rows.total, date]);
  const shown = [];
  for (let index = span.first; index <= Math.min(span.last, total - 1); index += 1) shown.push(index);
  const after = Math.max(0, total - 1 - (shown.at(-1) ?? 0));
  return html`<div class="scroller timeline" ref=${look} tabindex="0" role="region" aria-label=${t.bars}><table aria-rowcount=${total + 1}>
    <caption class="unseen">${t.bars}</caption>
    <thead><tr><th scope="col" class="who-of">${t.person}</th><th scope="col"><div class="lane">${MARKS.map((one) => html`<span key=${one} class="mark"
      style=${{ left: share(one * 60) }}>${String(one % 24).padStart(2, "0")}</span>`)}</div></th></tr></thead>
    <tbody><${Space} rows=${span.first} />${shown.map((index) => html`<${Bar} key=${index} row=${rows.at(index)} date=${date} onOpen=${onOpen} />`)}<${Space} rows=${after} /></tbody>
  </table></div>`;
}

const Space = ({ rows }) => (rows > 0 ? html`<tr class="space" aria-hidden="true"><td colspan="2" style=${{ height: `${rows * HEIGHT}px` }} /></tr>` : null);

/** One shift from its start to its stop, opened by a press; what lies beyond midnight is of the next morning. */
function Bar({ row, date, onOpen }) {
  if (!row) return html`<tr><td colspan="2" class="pending">·</td></tr>`;
  const from = minute(row.start_time) + (row.start_date > date ? 1440 : 0);
  const to = minute(row.stop_time) + (row.stop_date > date ? 1440 : 0);
  const said = t.said(hours(row), row.work_code, texts.classes[row.work_class], row.stop_date > row.start_date);
  return html`<tr><th scope="row" class="who-of"><a href=${link("people", row.employee_id)}>${row.full_name || row.employee_id}</a></th><td><div class="lane">
    <button type="button" class=${classes("code bar", row.work_class, { given: row.given_away })} style=${{ left: share(from), width: share(to - from) }} title=${said}
      aria-label=${said} onClick=${() => onOpen(row)}>${hours(row)} ${row.work_code}</button></div></td></tr>`;
}
