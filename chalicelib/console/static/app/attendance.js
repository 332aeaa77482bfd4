// Attendance: marking a team in seconds, and what is recorded.
import { html, useState } from "./dom.js";
import { get, post, put, remove } from "./api.js";
import { useGet } from "./data.js";
import { Filters, useOptions } from "./filters.js";
import { clock, day, hours, minutes, plus, today } from "./format.js";
import { Listing } from "./listing.js";
import { keep, link } from "./router.js";
import { may } from "./session.js";
import { Suggest } from "./suggest.js";
import { personColumn } from "./table.js";
import { texts } from "./texts.js";
import { attendance as t } from "./texts.attendance.js";
import { Button, Code, Empty, Head, Loaded, say, Tabs, Trouble } from "./ui.js";

const MOST = 500;
const USUAL = "present";
const SKIP = "skip";
const LATER = "expected";
const KEYS = { p: "present", l: "late", a: "absent", n: "no_show", s: "sick", e: "early_leave", o: "overtime", c: "cover_up", x: "expected", "-": "skip" };
const MORE = {
  minutes: { marks: ["late", "overtime"], kind: "number", min: 1, max: 1440, label: t.minutesOf, placeholder: t.minutes },
  time: { marks: ["expected", "early_leave"], kind: "time", label: t.timeOf },
  cover_up_for_employee_id: { marks: ["cover_up"], kind: "person", label: t.coverOf },
  leave_type: { marks: ["sick"], kind: "choice", label: t.sicknessOf },
};
/** What marking made, taken back where something had been noted before. */
const NOTHING = { check_in: null, check_out: null, exception_type: null, late_minutes: null, early_minutes: null, overtime_minutes: null, cover_up_for_employee_id: null };

export default function Attendance({ me, route }) {
  const own = may(me, "mark");
  const { tab = own ? "mark" : "recorded", ...query } = route.query;
  const tabs = (own ? ["mark", "recorded", "archive"] : ["recorded", "archive"]).map((key) => ({ key, title: t.tabs[key] }));
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen })} />
    ${tab === "mark" ? html`<${ToMark} query=${query} />` : html`<${Recorded} key=${tab} me=${me} query=${query} path=${tab === "archive" ? "attendances/history" : "attendances"} />`}`;
}

/** Everybody who is not marked is present unless something else is said; what is sent goes together by mark. */
function ToMark({ query }) {
  const { date, department, supervisor, shift } = query;
  const asked = { date, department, supervisor, shift };
  const found = useGet("attendances/daily-report", { ...asked, stand: "unmarked", limit: MOST });
  const [last, remember] = useState({ rows: [], refused: [] });
  const done = (what) => {
    remember(what);
    found.reload();
  };
  return html`<${Filters} fields=${[{ name: "date", label: t.date, kind: "date" }, "department", "supervisor", "shift"]} query=${query} />
    ${found.data && !date && html`<${Before} date=${plus(found.data.date, -1)} query=${query} />`}
    ${last.refused.map((error, index) => html`<${Trouble} key=${index} error=${error} />`)}
    ${last.rows.length > 0 && html`<${Last} rows=${last.rows} onDone=${done} />`}
    <${Loaded} found=${found}>${({ data, date: of }) =>
      data.length === 0
        ? html`<${Empty} title=${t.nobody}>${t.nobodyAbout}<//>`
        : html`<${Marks} key=${of} rows=${data} date=${of} onDone=${done} />`}<//>`;
}

/** Whoever is still to be marked of a day that is over but not closed, such as at night. */
function Before({ date, query }) {
  const { department, supervisor, shift } = query;
  const { data } = useGet("attendances/daily-report", { date, department, supervisor, shift, stand: "unmarked", limit: 1 });
  return data?.total > 0 && html`<p><a href=${link("attendance", { ...query, date })}>${t.before(data.total, day(date))}</a></p>`;
}

/** Who was marked last, and how to take it back. */
function Last({ rows, onDone }) {
  const [state, set] = useState({});
  const undo = async () => {
    set({ busy: true });
    const left = [];
    const refused = [];
    for (const one of rows) {
      try {
        await takeBack(one);
      } catch (error) {
        left.push(one);
        refused.push(error);
      }
    }
    say(t.undone(rows.length - left.length));
    onDone({ rows: left, refused });
    set({});
  };
  return html`<details class="panel"><summary>${t.last(rows.length)}</summary>
      <ul class="lines">${rows.map(({ row, mark }) => html`<li key=${row.employee_id}><strong>${row.full_name}</strong> <span class="muted">${t.marks[mark]}</span></li>`)}</ul>
    </details>
    <p class="actions"><${Button} busy=${state.busy} onClick=${undo}>${t.undo(rows.length)}<//></p>`;
}

/** The day as it was before: nothing is recorded, or what had been noted; the leave that a mark was goes first. */
async function takeBack({ row, date, mark }) {
  const { employee_id, expected_at, notes } = row;
  if (mark === "sick") {
    const { data } = await get("leave_requests", { employee_id, status: "Approved", start_date_min: date, end_date_max: date });
    for (const one of data.filter((each) => !each.start_time)) await remove(`leave_requests/${one.leave_id}`);
  }
  if (expected_at) return post("attendances/mark", { employee_id, date, mark: LATER, time: clock(expected_at), ...(notes ? { notes } : {}) });
  return notes ? put(`attendances/${employee_id}/${date}`, NOTHING) : remove(`attendances/${employee_id}/${date}`);
}

function Marks({ rows, date, onDone }) {
  const [said, set] = useState({});
  const [busy, work] = useState(false);
  const sicknesses = useSicknesses();
  const of = (row) => said[row.employee_id] || { mark: row.state === LATER ? SKIP : USUAL };
  const change = (row, more) => set((before) => ({ ...before, [row.employee_id]: { ...of(row), ...before[row.employee_id], ...more } }));
  const meant = rows.filter((row) => of(row).mark !== SKIP);
  const send = async () => {
    work(true);
    const good = [];
    const refused = [];
    for (const one of together(meant, of)) {
      try {
        await post("attendances/mark", { date, ...one });
        good.push(...meant.filter((row) => one.employee_id.includes(row.employee_id)).map((row) => ({ row, date, mark: one.mark })));
      } catch (error) {
        refused.push(error);
      }
    }
    if (good.length) say(t.marked(good.length));
    work(false);
    onDone({ rows: good, refused });
  };
  return html`<p class="muted">${t.hint}</p>
    <p class="legend">${Object.entries(KEYS).map(([key, mark]) => html`<span key=${key}><kbd>${key}</kbd> ${t.marks[mark]}</span>`)}</p>
    <div class="scroller" tabindex="0" role="region" aria-label=${t.tabs.mark}><table>
      <thead><tr><th scope="col">${t.person}</th><th scope="col">${t.shift}</th><th scope="col" class="minor">${texts.department}</th><th scope="col">${t.mark}</th></tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.employee_id} row=${row} said=${of(row)} sicknesses=${sicknesses} onChange=${(more) => change(row, more)} />`)}</tbody>
    </table></div>
    <p class="actions"><${Button} kind="primary" busy=${busy} disabled=${meant.length === 0} onClick=${send}>${t.markAll(meant.length)}<//></p>`;
}

/** What a sickness can be called here: types of leave that nobody plans. */
function useSicknesses() {
  const { data } = useGet("admin/options", { category: "leave_type", is_active: true, limit: MOST });
  return (data?.data || []).filter((one) => one.class === "away_unplanned").map((one) => one.value);
}

function Row({ row, said, sicknesses, onChange }) {
  const press = (event) => {
    const mark = !event.ctrlKey && !event.metaKey && !event.altKey && KEYS[event.key.toLowerCase()];
    if (!mark) return;
    event.preventDefault();
    onChange({ mark });
  };
  // The only one is meant without being chosen.
  const more = Object.entries(MORE).filter(([, one]) => one.marks.includes(said.mark) && (one.kind !== "choice" || sicknesses.length > 1));
  return html`<tr>
    <th scope="row"><a href=${link("people", row.employee_id)}>${row.full_name}</a></th>
    <td>${hours(row)} <span class="minor"><${Code} code=${row.work_code} of=${row.work_class} /></span></td>
    <td class="minor">${row.department}</td>
    <td><div class="field inline"><select aria-label=${t.markOf(row.full_name)} value=${said.mark} onKeyDown=${press} onChange=${(event) => onChange({ mark: event.currentTarget.value })}>
        ${Object.entries(t.marks).map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select>
      ${more.map(([name, { marks, kind, label, ...rest }]) => {
        const shared = { ...rest, "aria-label": label(row.full_name), value: said[name] ?? "" };
        const change = ({ currentTarget: { value } }) => onChange({ [name]: (kind === "number" ? Number(value) : value) || null });
        if (kind === "person") return html` <${Suggest} key=${name} kind=${kind} ...${shared} onInput=${(value) => onChange({ [name]: value })} />`;
        return kind === "choice"
          ? html` <select key=${name} ...${shared} onChange=${change}><option value="">${texts.choose}</option>${sicknesses.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>`
          : html` <input key=${name} type=${kind} ...${shared} onInput=${change} />`;
      })}
      ${said.mark === SKIP && row.expected_at && html` <span class="muted">${t.expectedAt(clock(row.expected_at))}</span>`}</div>
    </td>
  </tr>`;
}

/** Requests, each of which the API takes whole or not at all: those of one mark and the same details together. */
function together(rows, of) {
  const found = new Map();
  for (const row of rows) {
    const { mark, ...rest } = of(row);
    const more = { mark, ...Object.fromEntries(Object.entries(rest).filter(([name, value]) => value && MORE[name].marks.includes(mark))) };
    const key = JSON.stringify(more);
    found.set(key, { ...more, employee_id: [...(found.get(key)?.employee_id || []), row.employee_id] });
  }
  return [...found.values()];
}

function Recorded({ me, query, path }) {
  const types = useOptions("attendance_type");
  const asked = { start_date: plus(today(), -6), end_date: today(), ...query };
  const columns = [
    personColumn(t.person),
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
    <${Listing} path=${path} query=${asked} sort=${{ sort: "date", order: "desc" }} columns=${columns} caption=${t.title} rowKey="attendance_id"
      deeds=${may(me, "mark") && path === "attendances" ? deeds : []} empty=${html`<${Empty} title=${t.nothing}>${path === "attendances" ? t.teach : t.archiveTeach}<//>`} />`;
}
