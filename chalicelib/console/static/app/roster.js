// The roster: people by days, as a grid that the keyboard moves in; shifts are corrected, swapped and covered from it.
import { html, useEffect, useState } from "./dom.js";
import { remove } from "./api.js";
import { useGet, useRows } from "./data.js";
import { Filters } from "./filters.js";
import { day, hours, plus, today, weekday } from "./format.js";
import { keep } from "./router.js";
import { Grid } from "./grid.js";
import { Proposal, Shifts } from "./shifts.js";
import { may } from "./session.js";
import { Exports } from "./table.js";
import { roster as t } from "./texts.roster.js";
import { Button, Empty, Head, Legend, say, Tabs, Trouble } from "./ui.js";

const LENGTHS = { week: 7, fortnight: 14 };
const WHOM = ["department", "shift", "supervisor"];

/** The first day and how many: weeks begin on Monday, months on their first. */
export function stretch(view, date) {
  if (view === "month") {
    const first = `${date.slice(0, 8)}01`;
    return { first, length: Number(plus(`${plus(first, 31).slice(0, 8)}01`, -1).slice(8)) };
  }
  return { first: plus(date, -((new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7)), length: LENGTHS[view] };
}

export default function Roster({ me, route }) {
  const { view: said, date: from, ...whom } = route.query;
  const view = t.views[said] ? said : "week";
  const { first, length } = stretch(view, from || today());
  const days = Array.from({ length }, (_, index) => plus(first, index));
  const within = { start_date: first, end_date: days.at(-1) };
  const people = useRows("employees", { ...whom, sort: "full_name" });
  const holidays = useGet("holidays", { ...within, limit: 100 });
  const [turn, again] = useState(0);
  const [open, show] = useState(null);
  const [marked, mark] = useState(null);
  const [proposed, propose] = useState(null);
  const [last, done] = useState(null);
  const step = (by) => keep({ date: by < 0 ? stretch(view, plus(first, -1)).first : plus(days.at(-1), 1) });
  const reload = () => again((one) => one + 1);
  const drop = (giver, target) => {
    mark(null);
    if (giver.employee_id !== target.person.employee_id) propose({ giver, target });
  };
  const names = Object.fromEntries((holidays.data?.data || []).map((one) => [one.date, one.name]));
  const query = { ...Object.fromEntries(WHOM.map((one) => [one, whom[one]])), ...within };
  return html`<${Head} title=${t.title} about=${t.about(weekday(first), day(days.at(-1)))}>
      <${Button} onClick=${() => step(-1)}>${t.previous}<//>
      <${Button} onClick=${() => keep({ date: "" })}>${t.now}<//>
      <${Button} onClick=${() => step(1)}>${t.next}<//>
      <${Button} onClick=${() => window.print()}>${t.print}<//>
    <//>
    <${Filters} fields=${[{ name: "date", label: t.from, kind: "date" }, ...WHOM, "search"]} query=${route.query} />
    <${Tabs} label=${t.view} chosen=${view} onChoose=${(key) => keep({ view: key })} tabs=${Object.entries(t.views).map(([key, title]) => ({ key, title }))} />
    <div class="above"><${Legend} /><${Exports} path="schedules" query=${query} /></div>
    <${Trouble} error=${people.error} retry=${people.reload} />
    ${marked && html`<p class="warning" role="status">${t.marked(`${marked.full_name} ${weekday(marked.nominal_date)} ${hours(marked)}`)} <${Button} kind="small" onClick=${() => mark(null)}>${t.let}<//></p>`}
    ${last && html`<p class="warning" role="status">${last.text} <${Undo} change=${last.change} onDone=${() => { done(null); reload(); }} /></p>`}
    ${people.total === 0
      ? html`<${Empty} title=${t.nobody}>${t.teach}<//>`
      : html`<${Grid} people=${people} days=${days} view=${view} holidays=${names} turn=${turn} marked=${marked}
          mayMove=${may(me, "change")} onOpen=${show} onMark=${mark} onDrop=${drop} />`}
    <p class="muted small">${t.keys} ${t.signs}</p>
    ${open && html`<${Shifts} me=${me} ...${open} onClose=${() => show(null)} onDone=${reload} onMark=${(row) => { show(null); mark(row); }} />`}
    ${proposed && html`<${Proposal} me=${me} ...${proposed} onClose=${() => propose(null)} onDone=${(one) => { done(one); reload(); }} />`}`;
}

/** Take back what was just asked for or carried out. */
function Undo({ change, onDone }) {
  const [error, fail] = useState(null);
  useEffect(() => fail(null), [change]);
  const act = () => remove(`schedule_changes/${change}`).then(() => { say(t.undone); onDone(); }, fail);
  return html`<${Button} kind="small" onClick=${act}>${t.undo}<//><${Trouble} error=${error} />`;
}
