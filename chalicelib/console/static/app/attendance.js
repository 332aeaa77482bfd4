// Attendance: marking a team in seconds, and what is recorded.
import { html, useState } from "./dom.js";
import { post, put, remove } from "./api.js";
import { useGet } from "./data.js";
import { Filters, useOptions } from "./filters.js";
import { clock, day, hours, minutes, plus, today } from "./format.js";
import { Listing } from "./listing.js";
import { keep, link } from "./router.js";
import { may } from "./session.js";
import { texts } from "./texts.js";
import { attendance as t } from "./texts.attendance.js";
import { Button, Code, Empty, Head, Loaded, say, Tabs, Trouble } from "./ui.js";

const MOST = 500;
const USUAL = "present";
const SKIP = "skip";

export default function Attendance({ me, route }) {
  const own = may(me, "mark");
  const { tab = own ? "mark" : "recorded", ...query } = route.query;
  const tabs = (own ? ["mark", "recorded"] : ["recorded"]).map((key) => ({ key, title: t.tabs[key] }));
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen })} />
    ${tab === "mark" ? html`<${ToMark} query=${query} />` : html`<${Recorded} me=${me} query=${query} />`}`;
}

/** Everybody who is not marked is present unless something else is said; what is sent goes together by mark. */
function ToMark({ query }) {
  const { date, department, supervisor, shift } = query;
  const asked = { date, department, supervisor, shift };
  const found = useGet("attendances/daily-report", { ...asked, stand: "unmarked", limit: MOST });
  return html`<${Filters} fields=${[{ name: "date", label: t.date, kind: "date" }, "department", "supervisor", "shift"]} query=${query} />
    <${Loaded} found=${found}>${({ data, date: of }) =>
      data.length === 0
        ? html`<${Empty} title=${t.nobody}>${t.nobodyAbout}<//>`
        : html`<${Marks} key=${`${of} ${data.length}`} rows=${data} date=${of} onDone=${found.reload} />`}<//>`;
}

function Marks({ rows, date, onDone }) {
  const [said, set] = useState({});
  const [state, move] = useState({});
  const of = (row) => said[row.employee_id] || { mark: USUAL };
  const change = (row, more) => set((before) => ({ ...before, [row.employee_id]: { ...of(row), ...more } }));
  const meant = rows.filter((row) => of(row).mark !== SKIP);
  const send = async () => {
    move({ busy: true });
    try {
      for (const one of together(meant, of)) await post("attendances/mark", { date, ...one });
      say(t.marked(meant.length));
    } catch (error) {
      move({ error });
    }
    onDone();
  };
  return html`<p class="muted">${t.hint}</p><${Trouble} error=${state.error} />
    <div class="scroller" tabindex="0" role="region" aria-label=${t.tabs.mark}><table>
      <thead><tr><th scope="col">${t.person}</th><th scope="col">${t.shift}</th><th scope="col" class="minor">${texts.department}</th><th scope="col">${t.mark}</th></tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.employee_id} row=${row} said=${of(row)} onChange=${(more) => change(row, more)} />`)}</tbody>
    </table></div>
    <p class="actions"><${Button} kind="primary" busy=${state.busy} disabled=${meant.length === 0} onClick=${send}>${t.markAll(meant.length)}<//></p>`;
}

function Row({ row, said, onChange }) {
  return html`<tr>
    <th scope="row"><a href=${link("people", row.employee_id)}>${row.full_name}</a></th>
    <td>${hours(row)} <span class="minor"><${Code} code=${row.work_code} of=${row.work_class} /></span></td>
    <td class="minor">${row.department}</td>
    <td class="field inline"><select aria-label=${t.markOf(row.full_name)} value=${said.mark} onChange=${(event) => onChange({ mark: event.currentTarget.value })}>
        ${Object.entries(t.marks).map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select>
      ${said.mark === "late" && html` <input type="number" min="1" max="1440" size="4" placeholder=${t.minutes} aria-label=${t.minutesOf(row.full_name)}
        value=${said.minutes ?? ""} onInput=${(event) => onChange({ minutes: Number(event.currentTarget.value) || null })} />`}
      ${said.mark === "expected" && html` <input type="time" aria-label=${t.timeOf(row.full_name)} value=${said.time ?? ""} onInput=${(event) => onChange({ time: event.currentTarget.value })} />`}
    </td>
  </tr>`;
}

/** Requests, each of which the API takes whole or not at all: those of one mark and the same details together. */
function together(rows, of) {
  const found = new Map();
  for (const row of rows) {
    const { mark, minutes: late, time } = of(row);
    const more = { mark, ...(mark === "late" && late ? { minutes: late } : {}), ...(mark === "expected" && time ? { time } : {}) };
    const key = JSON.stringify(more);
    found.set(key, { ...more, employee_id: [...(found.get(key)?.employee_id || []), row.employee_id] });
  }
  return [...found.values()];
}

function Recorded({ me, query }) {
  const types = useOptions("attendance_type");
  const asked = { start_date: plus(today(), -6), end_date: today(), ...query };
  const columns = [
    { key: "full_name", title: t.person, wide: true, cell: (row) => html`<a href=${link("people", row.employee_id)}>${row.full_name || row.employee_id}</a>` },
    { key: "date", title: t.day, cell: (row) => day(row.date) },
    { key: "check_in", title: t.came, cell: (row) => clock(row.check_in) },
    { key: "check_out", title: t.went, cell: (row) => clock(row.check_out) },
    { key: "exception_type", title: t.exception },
    { key: "late_minutes", title: t.late, cell: (row) => row.late_minutes > 0 && minutes(row.late_minutes) },
    { key: "overtime_minutes", title: t.overtime, minor: true, cell: (row) => row.overtime_minutes > 0 && minutes(row.overtime_minutes) },
    { key: "source", title: t.source, minor: true, cell: (row) => t.sources[row.exception_type_source || row.check_in_source] },
    { key: "notes", title: t.notes, minor: true },
  ];
  const at = (row) => `attendances/${row.employee_id}/${row.date}`;
  const fields = [
    { name: "check_in", label: t.came, kind: "time" },
    { name: "check_out", label: t.went, kind: "time" },
    { name: "exception_type", label: t.exception, kind: "choice", options: types },
    { name: "notes", label: t.notes, kind: "area" },
  ];
  const values = (row) => ({ check_in: clock(row.check_in) || null, check_out: clock(row.check_out) || null, exception_type: row.exception_type, notes: row.notes });
  const changed = (said, row) => Object.fromEntries(Object.entries(said).filter(([name, value]) => value !== values(row)[name]));
  const deeds = [
    { title: t.correct, fields, values, nulls: true, done: t.corrected, act: (said, row) => put(at(row), changed(said, row)) },
    { title: t.remove, ask: t.removeAsk, danger: true, done: t.removed, act: (_, row) => remove(at(row)) },
  ];
  return html`<${Filters} fields=${[{ name: "start_date", label: t.from, kind: "date" }, { name: "end_date", label: t.to, kind: "date" }, "department", "supervisor"]} query=${asked} />
    <${Listing} path="attendances" query=${asked} sort=${{ sort: "date", order: "desc" }} columns=${columns} caption=${t.title} rowKey="attendance_id"
      deeds=${may(me, "mark") ? deeds : []} empty=${html`<${Empty} title=${t.nothing}>${t.teach}<//>`} />`;
}
