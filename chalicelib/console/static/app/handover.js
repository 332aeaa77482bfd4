// The handover: what the next shift must know, on one page that can be printed.
import { html } from "./dom.js";
import { useGet } from "./data.js";
import { Filters } from "./filters.js";
import { details, NoteList, State } from "./floor.js";
import { hours, moment, weekday } from "./format.js";
import { floor } from "./texts.floor.js";
import { Button, Head, Loaded } from "./ui.js";

const t = floor.handover;
const PEOPLE = ["no_show", "expected", "staying", "away"];

export default function Handover({ route }) {
  const found = useGet("reports/handover", route.query);
  return html`<${Head} title=${t.title} about=${found.data && t.about(moment(found.data.at))}>
      <${Button} onClick=${() => print()}>${t.print}<//>
    <//>
    <${Filters} fields=${["department"]} query=${route.query} />
    <${Loaded} found=${found}>${(said) => html`<div class="sheets">
      ${PEOPLE.map((list) => html`<section class="panel" key=${list}><h2>${t[list]} <span class="count">${said[list].total}</span></h2>
        <${Rows} rows=${said[list].data} line=${(row) => html`<strong>${row.full_name}</strong> <${State} state=${row.state} />
          <span class="muted">${[row.department, hours(row), details(row)].filter(Boolean).join(" · ")}</span>`} /></section>`)}
      <section class="panel"><h2>${t.open_shifts} <span class="count">${said.open_shifts.total}</span></h2>
        <${Rows} rows=${said.open_shifts.data} line=${(row) => html`<strong>${weekday(row.nominal_date)} ${hours(row)}</strong>
          <span class="muted">${[row.work_code, row.department, floor.reasons[row.reason] || row.reason, row.full_name].filter(Boolean).join(" · ")}</span>`} /></section>
      <section class="panel"><h2>${t.notes} <span class="count">${said.notes.total}</span></h2><${NoteList} notes=${said.notes.data} /></section>
    </div>`}<//>`;
}

const Rows = ({ rows, line }) =>
  rows.length === 0 ? html`<p class="muted">${t.nothing}</p>` : html`<ul class="lines">${rows.map((row, index) => html`<li key=${index}>${line(row)}</li>`)}</ul>`;
