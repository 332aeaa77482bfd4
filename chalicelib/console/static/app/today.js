// Today: the working day's figures, its coverage, how the last days went, and what waits for somebody.
import { html } from "./dom.js";
import { useGet } from "./data.js";
import { Chart } from "./chart.js";
import { Filters } from "./filters.js";
import { clock, day, minutes, number, share, weekday } from "./format.js";
import { link } from "./router.js";
import { may } from "./session.js";
import { today as t } from "./texts.day.js";
import { Empty, Figure, Head, Loaded } from "./ui.js";

const OLD = 26 * 60;
const FRESH = 5 * 60000;
const INTERVAL = 30;

/** Where each kind of waiting is decided, and who may; nothing is shown that nobody here could do anything about. */
const INBOXES = {
  leave_requests: ["leave", "leave"],
  schedule_changes: ["changes", "change"],
  exceptions: ["exceptions", "except"],
  redemptions: ["rewards", "reward", { tab: "redemptions" }],
  reviews: ["people", "people", { tab: "reviews" }],
  failed_uploads: ["uploads", "bring"],
};

export default function Today({ me, route }) {
  const found = useGet("reports/dashboard", route.query, { every: FRESH });
  const covered = useGet("schedules/coverage", { ...route.query, interval: INTERVAL }, { every: FRESH });
  return html`<${Head} title=${t.title} about=${found.data && t.about(day(found.data.date))} />
    <${Filters} fields=${[{ name: "date", label: t.date, kind: "date" }, "department"]} query=${route.query} />
    <${Loaded} found=${found}>${(said) => html`
      ${said.day.holidays.length > 0 && html`<p class="panel">${t.holiday(said.day.holidays.map((one) => one.name).join(", "))}</p>`}
      <${Figures} day=${said.day} />
      <section class="panel"><h2>${t.waiting}</h2><${Waiting} me=${me} said=${said} /></section>
      <section class="panel"><h2>${t.departments}</h2><${Departments} rows=${said.departments} /></section>
      <section class="panel"><${Trend} days=${[...said.before, said.day]} /></section>`}<//>
    <section class="panel"><${Loaded} found=${covered}>${(said) => html`<${Coverage} rows=${said.data} />`}<//></section>`;
}

function Figures({ day }) {
  if (day.gross_people === 0) return html`<${Empty} title=${t.nobody}>${t.teach}<//>`;
  return html`<div class="figures">
    <${Figure} title=${t.scheduled} value=${number(day.net_people)} note=${t.scheduledNote(day.gross_people - day.net_people)} />
    <${Figure} title=${t.present} value=${number(day.present)} tone="green" />
    <${Figure} title=${t.rate} value=${share(day.attendance_rate)} note=${t.rateNote} tone="green" />
    <${Figure} title=${t.late} value=${number(day.late)} note=${day.present > 0 && t.lateNote(share(day.late_rate))} tone="amber" />
    <${Figure} title=${t.absent} value=${number(day.absent)} tone="red" />
    <${Figure} title=${t.unmarked} value=${number(day.unmarked)} tone="blue" />
    <${Figure} title=${t.leave} value=${number(day.leave_days)} tone="violet" />
  </div>`;
}

function Waiting({ me, said }) {
  const mine = Object.entries(INBOXES).filter(([key, [, deed]]) => said.waiting[key] > 0 && may(me, deed));
  const age = said.backup_age_minutes;
  const late = may(me, "administer") && (age === null || age > OLD);
  if (mine.length === 0 && !late) return html`<p class="muted">${t.nothingWaits}</p>`;
  return html`<ul class="lines">
    ${mine.map(([key, [page, , query]]) => html`<li key=${key}><a href=${link(page, ...(query ? [query] : []))}>${t.waits[key]}</a> <span class="count">${number(said.waiting[key])}</span></li>`)}
    ${late && html`<li><a href=${link("backups")}>${t.backup}</a> <span class="muted">${age === null ? t.backupNone : t.backupOld(minutes(age))}</span></li>`}
  </ul>`;
}

const Departments = ({ rows }) => html`<div class="scroller short" tabindex="0" role="region" aria-label=${t.departments}><table>
  <thead><tr><th scope="col">${t.department}</th>${["scheduled", "present", "late", "absent", "rate"].map((one) => html`<th scope="col" class="number" key=${one}>${t[one]}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr key=${row.department}><th scope="row">${row.department || "–"}</th>
    ${[row.net_people, row.present, row.late, row.absent].map((value) => html`<td class="number">${number(value)}</td>`)}<td class="number">${share(row.attendance_rate)}</td></tr>`)}</tbody>
</table></div>`;

const Trend = ({ days }) => html`<${Chart} title=${t.trend} places=${days.map((one) => weekday(one.date))} show=${share} top=${1}
  series=${[
    { title: t.rate, kind: "bar", tone: "green", values: days.map((one) => one.attendance_rate) },
    { title: t.lateRate, kind: "line", tone: "amber", values: days.map((one) => one.late_rate) },
  ]} />`;

/** All departments together; what nobody stated is required of none. */
export function Coverage({ rows }) {
  const places = [...new Set(rows.map((one) => one.start))];
  const summed = (name) => places.map((place) => {
    const known = rows.filter((one) => one.start === place && one[name] !== null);
    return known.length ? known.reduce((sum, one) => sum + one[name], 0) : null;
  });
  const named = places.map((place) => clock(rows.find((one) => one.start === place).interval_start));
  return html`<${Chart} title=${t.coverage} places=${named} show=${(value) => number(value, 1)}
    series=${[
      { title: t.seats, kind: "bar", tone: "blue", values: summed("scheduled") },
      { title: t.there, kind: "step", tone: "green", values: summed("present") },
      { title: t.required, kind: "step", tone: "red", values: summed("required") },
    ]} />`;
}
