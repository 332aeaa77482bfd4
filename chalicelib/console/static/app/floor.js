// The floor now: who stands how, shifts that nobody works, and notes for whoever comes next.
import { html, useState } from "./dom.js";
import { post } from "./api.js";
import { useGet, useRows } from "./data.js";
import { Filters, useOptions } from "./filters.js";
import { Form } from "./form.js";
import { clock, hours, minutes, moment, weekday } from "./format.js";
import { By } from "./names.js";
import { keep } from "./router.js";
import { may } from "./session.js";
import { Table, personColumn } from "./table.js";
import { texts } from "./texts.js";
import { floor as t } from "./texts.floor.js";
import { Badge, Button, Code, Dialog, Empty, Head, Loaded, say, Tabs, Trouble } from "./ui.js";

const STATES = ["late", "awaited", "no_show", "expected", "in", "out", "away", "upcoming"];
const TONES = { in: "green", awaited: "amber", expected: "blue", late: "amber", out: "grey", away: "violet", no_show: "red", upcoming: "grey" };
const OPEN = "open";
const MINUTE = 60000;

export default function Floor({ me, route }) {
  const { state, ...asked } = route.query;
  const chosen = state || "";
  const list = useRows(chosen === OPEN ? null : "floor", { ...asked, state: chosen }, { every: MINUTE });
  const tally = useGet("floor", { ...asked, limit: 1 }, { every: MINUTE });
  const open = useGet("schedules/open", { ...asked, limit: 1 }, { every: MINUTE });
  const states = tally.data?.states || {};
  const everybody = Object.values(states).reduce((sum, one) => sum + one, 0);
  const tabs = [
    { key: "", title: t.all, count: everybody },
    ...STATES.map((one) => ({ key: one, title: t.states[one], count: states[one] ?? 0 })),
    { key: OPEN, title: t.open, count: open.data?.total ?? 0 },
  ];
  const again = () => {
    list.reload();
    tally.reload();
  };
  return html`<${Head} title=${t.title} about=${tally.data && t.about(moment(tally.data.at))}>
      <${Button} onClick=${again}>${texts.refresh}<//>
    <//>
    <${Filters} fields=${["department", "shift", "supervisor"]} query=${asked} />
    <${Tabs} label=${t.state} tabs=${tabs} chosen=${chosen} onChoose=${(key) => keep({ state: key })} />
    <${Trouble} error=${tally.error} />
    ${chosen === OPEN
      ? html`<${OpenShifts} me=${me} query=${asked} />`
      : html`<${People} me=${me} rows=${list} query=${{ ...asked, state: chosen }} onMarked=${again} everybody=${everybody} />`}
    <${Notes} me=${me} query=${asked} />`;
}

function People({ me, rows, onMarked, everybody }) {
  const [marking, mark] = useState(null);
  const columns = [
    personColumn(t.person),
    { key: "state", title: t.state, cell: (row) => html`<${State} state=${row.state} />` },
    { key: "hours", title: t.hours, cell: hours },
    { key: "code", title: texts.code, minor: true, cell: (row) => html`<${Code} code=${row.work_code} of=${row.work_class} />` },
    { key: "department", title: texts.department, minor: true },
    { key: "since", title: t.since, wide: true, cell: details },
    may(me, "mark") && {
      key: "mark",
      title: t.deeds,
      cell: (row) => html`<${Button} kind="small" aria-label=${t.markTitle(row.full_name)} onClick=${() => mark(row)}>${t.mark}<//>`,
    },
  ].filter(Boolean);
  const empty = everybody ? html`<${Empty} title=${t.none} />` : html`<${Empty} title=${t.nobody}>${t.nobodyAbout}<//>`;
  return html`<${Table} rows=${rows} columns=${columns} caption=${t.title} rowKey="schedule_id" empty=${empty} />
    ${marking && html`<${Mark} row=${marking} onClose=${() => mark(null)} onDone=${onMarked} />`}`;
}

export const State = ({ state }) => html`<${Badge} tone=${TONES[state]} sign=${t.signs[state]}>${t.states[state]}<//>`;

/** What is known beside the state, in the order in which one asks. */
export function details(row) {
  return [
    row.why_type,
    row.check_in && t.came(clock(row.check_in)),
    row.check_out && t.went(clock(row.check_out)),
    row.late_minutes > 0 && t.late(minutes(row.late_minutes)),
    row.awaited_minutes > 0 && t.awaited(minutes(row.awaited_minutes)),
    row.expected_at && t.expectedAt(clock(row.expected_at)),
    row.covers_name && t.covers(row.covers_name),
    row.covered_by_name && t.coveredBy(row.covered_by_name),
    row.notes,
  ]
    .filter(Boolean)
    .join(" · ");
}

const TAKES = {
  time: ["present", "late", "expected", "early_leave", "cover_up"],
  minutes: ["late", "overtime"],
  leave_type: ["sick", "on_leave"],
  cover_up_for_employee_id: ["cover_up"],
};

/** Mark somebody; the fields that a mark takes appear with it. */
export function Mark({ row, onClose, onDone }) {
  const types = useOptions("leave_type");
  const needs = (field) => (said) => TAKES[field].includes(said.mark);
  const save = async (said) => {
    await post("attendances/mark", { employee_id: row.employee_id, date: row.nominal_date, ...said });
    say(t.marked(row.full_name, t.marks[said.mark]));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t.markTitle(row.full_name)} onClose=${onClose}>
    <p class="muted">${weekday(row.nominal_date)} ${hours(row)} · ${t.states[row.state]}</p>
    <${Form} values=${{ mark: "present" }} submit=${t.mark} onCancel=${onClose} onSubmit=${save} fields=${[
      { name: "mark", label: t.mark, kind: "choice", required: true, options: Object.entries(t.marks).map(([value, title]) => ({ value, title })) },
      { name: "time", label: t.time, kind: "time", when: needs("time") },
      { name: "minutes", label: t.minutes, kind: "number", min: 1, when: needs("minutes") },
      { name: "leave_type", label: t.leaveType, kind: "choice", options: types, when: needs("leave_type") },
      { name: "cover_up_for_employee_id", label: t.coverFor, kind: "person", when: needs("cover_up_for_employee_id") },
      { name: "notes", label: t.notes, kind: "area" },
    ]} />
  <//>`;
}

function OpenShifts({ me, query }) {
  const [chosen, choose] = useState(null);
  const columns = [
    { key: "nominal_date", title: t.day, sort: "nominal_date", cell: (row) => weekday(row.nominal_date) },
    { key: "hours", title: t.hours, cell: hours },
    { key: "planned_work_code", title: texts.code },
    { key: "department", title: texts.department, sort: "department" },
    { key: "full_name", title: t.whose, wide: true },
    { key: "reason", title: t.why, cell: (row) => t.reasons[row.reason] || row.reason },
    { key: "do", title: t.deeds, cell: (row) => html`<${Button} kind="small" onClick=${() => choose(row)}>${t.candidates}<//>` },
  ];
  return html`<${Table} path="schedules/open" query=${query} columns=${columns} caption=${t.open} rowKey="schedule_id"
      empty=${html`<${Empty} title=${t.noOpen} />`} />
    ${chosen && html`<${Candidates} me=${me} shift=${chosen} onClose=${() => choose(null)} />`}`;
}

/** Who may take a shift: allowed first, with everything that is against the others. */
export function Candidates({ me, shift, onClose }) {
  const found = useGet(`schedules/${shift.schedule_id}/candidates`, { limit: 30 });
  const [error, fail] = useState(null);
  const ask = async (one) => {
    fail(null);
    try {
      await post("schedule_changes", {
        change_type: "Cover",
        employee_id: shift.employee_id,
        schedule_id: shift.schedule_id,
        replacement_id: one.employee_id,
      });
      say(t.asked(one.full_name));
      onClose();
    } catch (refusal) {
      fail(refusal);
    }
  };
  return html`<${Dialog} wide title=${t.candidatesOf(weekday(shift.nominal_date), hours(shift))} onClose=${onClose}>
    <${Trouble} error=${error} />
    <${Loaded} found=${found}>${({ data }) => html`<div class="scroller" tabindex="0" role="region" aria-label=${t.candidates}><table>
      <thead><tr><th scope="col">${t.person}</th><th scope="col"></th><th scope="col">${t.rest}</th><th scope="col" class="number">${t.week}</th><th scope="col">${t.against}</th><th scope="col"><span class="unseen">${t.deeds}</span></th></tr></thead>
      <tbody>${data.map((one) => html`<tr key=${one.employee_id}>
        <td>${one.full_name}</td><td><${Verdict} one=${one} /></td>
        <td class="firm">${[one.rest_before_minutes, one.rest_after_minutes].map((length) => minutes(length) || "–").join(" / ")}</td>
        <td class="number">${one.week_hours} h</td>
        <td class="wide">${one.findings.map((finding) => html`<div key=${finding.code}>${finding.text}</div>`)}</td>
        <td>${may(me, "change") && !one.findings.some((finding) => finding.refused) && html`<${Button} kind="small" onClick=${() => ask(one)}>${t.ask}<//>`}</td>
      </tr>`)}</tbody></table></div>`}<//>
  <//>`;
}

function Verdict({ one }) {
  if (one.allowed) return html`<${Badge} tone="green" sign="✓">${t.allowed}<//>`;
  const refused = one.findings.some((finding) => finding.refused);
  return refused ? html`<${Badge} tone="red" sign="×">${t.refused}<//>` : html`<${Badge} tone="amber" sign="!">${t.warned}<//>`;
}

function Notes({ me, query }) {
  const found = useGet("floor/notes", { department: query.department, limit: 20 }, { every: MINUTE });
  const [writing, write] = useState(false);
  const departments = useOptions("department");
  const save = async (said) => {
    await post("floor/notes", said);
    write(false);
    say(t.left);
    found.reload();
  };
  return html`<section class="panel">
    <header class="head"><h2>${t.floorNotes}</h2>
      ${may(me, "note") && html`<${Button} onClick=${() => write(true)}>${t.leave}<//>`}</header>
    <${Loaded} found=${found}>${({ data }) => html`<${NoteList} notes=${data} />`}<//>
    ${writing && html`<${Dialog} title=${t.leave} onClose=${() => write(false)}>
      <${Form} onCancel=${() => write(false)} onSubmit=${save} submit=${t.leave} values=${{ department: query.department }} fields=${[
        { name: "text", label: t.note, kind: "area", required: true },
        { name: "department", label: texts.department, kind: "choice", options: departments },
      ]} /><//>`}
  </section>`;
}

export const NoteList = ({ notes }) =>
  notes.length === 0
    ? html`<p class="muted">${t.noNotes}</p>`
    : html`<ul class="notes">${notes.map((one) => html`<li key=${one.note_id}>
        <p>${one.text}</p><p class="muted small"><${By} who=${one.author} /> · ${moment(one.created_at)} · ${one.department || t.forAll}</p></li>`)}</ul>`;
