// Reports: who stood how on a day, the figures of a week or a month, and those of anything by groups; each to be printed or taken away as a file.
import { html } from "./dom.js";
import { useGet } from "./data.js";
import { Chart } from "./chart.js";
import { Filters } from "./filters.js";
import { details, State } from "./floor.js";
import { day, hours, minutes, number, plus, share, today, weekday } from "./format.js";
import { keep, link } from "./router.js";
import { Exports, Table } from "./table.js";
import { texts } from "./texts.js";
import { reports as t } from "./texts.attendance.js";
import { Button, Code, Empty, Figure, Head, Loaded, Tabs } from "./ui.js";

const RATES = ["attendance_rate", "late_rate", "absenteeism", "adherence", "shrinkage"];
const TITLES = { attendance_rate: t.rate, late_rate: t.lateRate, absenteeism: t.absenteeism, adherence: t.adherence, shrinkage: t.shrinkage };
const TOP = 20;
const ANONYMOUS = { name: "anonymous", label: t.anonymous, kind: "check" };
const MOST = 1000;
const STANDS = ["scheduled", "net_scheduled", "present", "unmarked", "absent", "away"];

export default function Reports({ route }) {
  const { tab = "weekly", ...query } = route.query;
  const tabs = Object.entries(t.tabs).map(([key, title]) => ({ key, title }));
  return html`<${Head} title=${t.title} about=${t.about}><${Button} onClick=${() => print()}>${t.print}<//><//>
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen })} />
    ${{ daily: Daily, groups: Groups }[tab] ? html`<${{ daily: Daily, groups: Groups }[tab]} query=${query} />` : html`<${Period} key=${tab} kind=${tab} query=${query} />`}`;
}

/** Everybody scheduled on a day, all of them on the page, so that it prints whole. */
function Daily({ query: { date, department, supervisor, batch, shift } }) {
  const asked = { date, department, supervisor, batch, shift };
  const found = useGet("attendances/daily-report", { ...asked, sort: "full_name", limit: MOST });
  return html`<${Filters} fields=${[{ name: "date", label: t.day, kind: "date" }, "department", "supervisor", "batch", "shift"]} query=${asked} />
    <${Loaded} found=${found}>${(said) => html`<h2>${day(said.date)}</h2>
      ${said.holidays.length > 0 && html`<p>${said.holidays.map((one) => one.name).join(", ")}</p>`}
      <div class="figures">${STANDS.map((name) => html`<${Figure} key=${name} title=${t.stands[name]} value=${number(said.summary[name])} />`)}
        <${Figure} title=${t.rate} value=${share(said.summary.attendance_rate)} /></div>
      <p class="above"><span>${texts.rows(said.total)}${said.total > MOST && ` ${t.onlySome(MOST)}`}</span><${Exports} path="attendances/daily-report" query=${asked} /></p>
      ${said.data.length === 0 ? html`<${Empty} title=${t.nobody}>${t.teach}<//>` : html`<${Stood} rows=${said.data} />`}`}<//>`;
}

const Stood = ({ rows }) => html`<div class="scroller" tabindex="0" role="region" aria-label=${t.tabs.daily}><table>
    <thead><tr><th scope="col">${t.person}</th><th scope="col" class="minor">${texts.department}</th><th scope="col">${texts.shift}</th><th scope="col" class="minor">${texts.code}</th>
      <th scope="col">${t.state}</th><th scope="col" class="minor">${t.known}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${`${row.employee_id} ${row.schedule_id}`}>
      <th scope="row"><a href=${link("people", row.employee_id)}>${row.full_name}</a></th><td class="minor">${row.department}</td><td>${hours(row)}</td>
      <td class="minor"><${Code} code=${row.work_code} of=${row.work_class} /></td><td><${State} state=${row.state} /></td><td class="minor">${details(row)}</td></tr>`)}</tbody>
  </table></div>`;

/** A week, or a month: everybody together, by day, and one by one. */
function Period({ kind, query }) {
  const asked = kind === "weekly" ? "date" : "month";
  const { department, supervisor, batch, anonymous, [asked]: when } = query;
  const chosen = { department, supervisor, batch, anonymous, [asked]: when };
  const field = kind === "weekly" ? { name: "date", label: t.week, kind: "date" } : { name: "month", label: t.month, kind: "month" };
  const found = useGet(`reports/${kind}`, { ...chosen, limit: 1 });
  const columns = [
    anonymous ? { key: "department", title: texts.department, wide: true, sort: "department" } : { key: "full_name", title: t.person, wide: true, sort: "full_name", cell: (row) => html`<a href=${link("people", row.employee_id)}>${row.full_name}</a>` },
    { key: "net_people", title: t.scheduled, number: true },
    { key: "present", title: t.present, number: true },
    { key: "absent", title: t.absent, number: true },
    { key: "late", title: t.late, number: true },
    { key: "worked_minutes", title: t.worked, number: true, minor: true, cell: (row) => minutes(row.worked_minutes) },
    ...["attendance_rate", "adherence"].map((name) => ({ key: name, title: TITLES[name], number: true, minor: true, cell: (row) => share(row[name]) })),
  ];
  return html`<${Filters} fields=${[field, "department", "supervisor", "batch", ANONYMOUS]} query=${query} />
    <${Loaded} found=${found}>${(said) => html`<h2>${t.span(day(said.start_date), day(said.end_date))}</h2>
      <div class="figures">${RATES.map((name) => html`<${Figure} key=${name} title=${TITLES[name]} value=${share(said.whole[name])} />`)}</div>
      <section class="panel"><${Chart} title=${t.byDay} places=${said.days.map((one) => weekday(one.date))} show=${share} top=${1}
        series=${[
          { title: t.rate, kind: "bar", tone: "green", values: said.days.map((one) => one.attendance_rate) },
          { title: t.lateRate, kind: "line", tone: "amber", values: said.days.map((one) => one.late_rate) },
          { title: t.shrinkage, kind: "line", tone: "violet", values: said.days.map((one) => one.shrinkage) },
        ]} /></section>`}<//>
    <${Table} key=${anonymous} path=${`reports/${kind}`} query=${chosen} columns=${columns} caption=${t.people} rowKey=${anonymous ? undefined : "employee_id"} empty=${html`<${Empty} title=${t.nothing}>${t.teach}<//>`} />`;
}

/** Anything by department, supervisor, day and so on: whatever figures the report has, and its first one drawn. */
function Groups({ query }) {
  const { what = "attendances", group_by = "department", ...rest } = query;
  const { start_date = plus(today(), -27), end_date = today(), department, supervisor, anonymous } = rest;
  const asked = { group_by, start_date, end_date, department, supervisor, anonymous };
  const path = `reports/${what}`;
  const found = useGet(path, { ...asked, limit: 1000 });
  const choices = (of) => Object.entries(of).map(([value, title]) => ({ value, title }));
  return html`<${Filters} query=${{ what, ...asked }} fields=${[
      { name: "what", label: t.what, kind: "choice", options: choices(t.kinds), required: true },
      { name: "group_by", label: t.group, kind: "choice", options: choices(t.groups), required: true },
      { name: "start_date", label: t.from, kind: "date" }, { name: "end_date", label: t.to, kind: "date" }, "department", "supervisor", ANONYMOUS,
    ]} />
    <${Loaded} found=${found}>${(said) => said.data.length === 0 ? html`<${Empty} title=${t.nothing}>${t.teach}<//>` : html`<${Grouped} said=${said} by=${group_by} title=${t.kinds[what]} />
      <p><${Exports} path=${path} query=${asked} /></p>`}<//>`;
}

function Grouped({ said, by, title }) {
  const figures = Object.keys(said.data[0]).filter((name) => !(name in t.groups) && name !== "holiday" && said.data.some((row) => typeof row[name] === "number"));
  const first = figures.find((name) => name.endsWith("rate")) || figures[0];
  const named = (row) => (row[by] === null ? t.none : ["day", "week"].includes(by) ? weekday(row[by]) : row[by]);
  const shown = said.data.slice(0, TOP * 2);
  return html`<section class="panel"><${Chart} title=${`${title}: ${inWords(first)}`} places=${shown.map(named)} show=${(value) => write(first, value)} top=${IS_SHARE.test(first) ? 1 : undefined}
      series=${[{ title: inWords(first), kind: "bar", tone: "blue", values: shown.map((row) => row[first]) }]} /></section>
    <div class="scroller" tabindex="0" role="region" aria-label=${title}><table>
      <thead><tr><th scope="col">${t.groups[by]}</th>${figures.map((name) => html`<th scope="col" class="number" key=${name}>${inWords(name)}</th>`)}</tr></thead>
      <tbody>${said.data.map((row, index) => html`<tr key=${index}><th scope="row">${named(row)}</th>${figures.map((name) => html`<td class="number" key=${name}>${write(name, row[name])}</td>`)}</tr>`)}</tbody>
    </table></div>`;
}

/** The API's own names are the field's words. */
const inWords = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ").replace(/ minutes$/, "");
const IS_SHARE = /rate$|absenteeism|adherence|conformance|shrinkage|attrition/;

function write(name, value) {
  if (value === null || value === undefined) return t.none;
  if (name.endsWith("minutes")) return minutes(value);
  return IS_SHARE.test(name) ? share(value) : number(value, 1);
}
