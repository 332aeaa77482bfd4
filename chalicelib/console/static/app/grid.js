// The roster's grid: rows of people are asked for as they are scrolled to, and the arrow keys move in it.
import { classes, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./dom.js";
import { get } from "./api.js";
import { clock, hours, weekday } from "./format.js";
import { link } from "./router.js";
import { useWindow } from "./table.js";
import { texts } from "./texts.js";
import { roster as t } from "./texts.roster.js";
import { Trouble } from "./ui.js";

export const HEIGHT = 48;
/** Lines that take turns: those that scroll out of sight become those that come, which is quicker than making new ones. */
const LINES = 64;
// People asked for together: a month of them, with two shifts on every day, is one page of the API.
const CHUNK = 16;
const LETTERS = { work: "", nesting: "N", training: "T", away_planned: "P", away_unplanned: "U", off: "–" };

/** The rows of the plan of the people in sight: `of(person, day)`; chunks of people are asked for once for the days. */
function usePlan(people, days, span, turn) {
  const kept = useRef({});
  const [, show] = useState(0);
  const name = `${days[0]} ${days.length} ${turn}`;
  if (kept.current.people !== people.answer || kept.current.name !== name) {
    const plan = kept.current.name === name || kept.current.first === days[0] ? kept.current.plan : new Map();
    kept.current = { people: people.answer, name, first: days[0], plan, asked: kept.current.name === name ? kept.current.asked : new Set(), error: null };
  }
  const mine = kept.current;
  useEffect(() => {
    for (let chunk = Math.floor(span.first / CHUNK); chunk <= Math.floor(span.last / CHUNK); chunk += 1) {
      const ids = Array.from({ length: CHUNK }, (_, index) => people.at(chunk * CHUNK + index)?.employee_id).filter(Boolean);
      const missing = ids.filter((id) => !mine.asked.has(id));
      if (missing.length) ask(missing);
    }
  });
  const ask = (ids) => {
    ids.forEach((id) => mine.asked.add(id));
    get("schedules", { employee_id: ids, start_date: days[0], end_date: days.at(-1), limit: 1000 }).then(
      ({ data }) => {
        const found = new Map(ids.map((id) => [id, {}]));
        for (const row of data) (found.get(row.employee_id)[row.nominal_date] ||= []).push(row);
        for (const [id, rows] of found) mine.plan.set(id, rows);
        if (kept.current.name === name) show((one) => one + 1);
      },
      (error) => {
        mine.error = error;
        show((one) => one + 1);
      },
    );
  };
  const retry = () => {
    Object.assign(mine, { error: null, asked: new Set() });
    show((one) => one + 1);
  };
  return { error: mine.error, retry, of: (id) => mine.plan.get(id) };
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0] };

export function Grid({ people, days, view, holidays, turn, marked, mayMove, onOpen, onMark, onDrop }) {
  const [span, look] = useWindow(people.total || 0, HEIGHT);
  const [at, go] = useState([0, 0]);
  const box = useRef(null);
  const wanted = useRef(false);
  const dragged = useRef(null);
  const total = people.total || 0;
  useEffect(() => people.look(span.first, span.last), [span.first, span.last, people.total]);
  const plan = usePlan(people, days, span, turn);
  const [row, column] = [Math.min(at[0], Math.max(0, total - 1)), Math.min(at[1], days.length - 1)];
  // Before the next key comes, which begins where the focus is.
  useLayoutEffect(() => {
    const cell = wanted.current && box.current?.querySelector(`[data-at="${row}:${column}"]`);
    if (!cell) return;
    wanted.current = false;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  const move = (to, along) => {
    const next = [Math.max(0, Math.min(total - 1, to)), Math.max(0, Math.min(days.length - 1, along))];
    wanted.current = true;
    const top = next[0] * HEIGHT;
    const element = box.current;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + 3 * HEIGHT > element.scrollTop + element.clientHeight) element.scrollTop = top + 3 * HEIGHT - element.clientHeight;
    go(next);
  };
  const cellAt = (index, along) => {
    const person = people.at(index);
    return person && { person, date: days[along], rows: plan.of(person.employee_id)?.[days[along]] || [] };
  };
  const timed = (cell) => cell?.rows.find((one) => one.start_time && !one.given_away);
  const lift = (cell) => {
    if (!mayMove || !cell) return;
    if (marked) onDrop(marked, cell);
    else if (timed(cell)) onMark(timed(cell));
  };
  const press = (event) => {
    const where = event.target.closest("[data-at]");
    if (!where || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    // Where the focus is, however it got there.
    const [row, column] = where.dataset.at.split(":").map(Number);
    const acts = {
      Home: () => move(row, 0),
      End: () => move(row, days.length - 1),
      Enter: () => cellAt(row, column) && onOpen(cellAt(row, column)),
      m: () => lift(cellAt(row, column)),
      M: () => lift(cellAt(row, column)),
      Escape: () => onMark(null),
    };
    const act = step ? () => move(row + step[0], column + step[1]) : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const place = (event) => event.target.closest("[data-at]")?.dataset.at.split(":").map(Number);
  const click = (event) => {
    const there = place(event);
    if (!there) return;
    go(there);
    const cell = cellAt(...there);
    if (cell) marked ? onDrop(marked, cell) : onOpen(cell);
  };
  const drag = (event) => {
    const there = place(event);
    const shift = there && timed(cellAt(...there));
    if (!shift) return event.preventDefault();
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", String(shift.schedule_id));
    // Kept aside: what is shown must not move while somebody drags.
    dragged.current = mayMove ? shift : null;
    return undefined;
  };
  const drop = (event) => {
    event.preventDefault();
    const there = place(event);
    if (there && dragged.current) onDrop(dragged.current, cellAt(...there));
    dragged.current = null;
  };
  const shown = [];
  for (let index = span.first; index <= Math.min(span.last, total - 1); index += 1) shown.push(index);
  const after = Math.max(0, total - 1 - (shown.at(-1) ?? 0));
  return html`<${Trouble} error=${plan.error} retry=${plan.retry} />
    <div class="above"><span class="muted" role="status">${people.total === null ? texts.loading : texts.rows(total)}</span></div>
    <div class=${classes("scroller roster", view)} ref=${(element) => { box.current = element; look(element); }}>
      <table role="grid" aria-label=${t.grid} aria-rowcount=${total + 1} aria-colcount=${days.length + 1} onKeyDown=${press} onClick=${click}
        onDragStart=${drag} onDragOver=${(event) => dragged.current && event.preventDefault()} onDrop=${drop} onDragEnd=${() => (dragged.current = null)}>
        <thead><tr aria-rowindex="1"><th scope="col" class="who-of">${t.person}</th>${days.map((one) => html`<th key=${one} scope="col"
          class=${classes({ holiday: holidays[one], weekend: isWeekend(one) })} title=${holidays[one]}>${heading(view, one)}${holidays[one] && html`<span aria-hidden="true"> ★</span><span class="unseen">, ${holidays[one]}</span>`}</th>`)}</tr></thead>
        <tbody>
          ${span.first > 0 && html`<tr class="space" aria-hidden="true"><td colspan=${days.length + 1} style=${{ height: `${span.first * HEIGHT}px` }} /></tr>`}
          ${shown.map((index) => html`<${Line} key=${index % LINES} index=${index} person=${people.at(index)} plan=${people.at(index) && plan.of(people.at(index).employee_id)}
            days=${days} view=${view} focus=${index === row ? column : -1} marked=${marked} mayMove=${mayMove} holidays=${holidays} />`)}
          ${after > 0 && html`<tr class="space" aria-hidden="true"><td colspan=${days.length + 1} style=${{ height: `${after * HEIGHT}px` }} /></tr>`}
        </tbody>
      </table>
    </div>`;
}

const isWeekend = (date) => [0, 6].includes(new Date(`${date}T12:00:00Z`).getUTCDay());
const heading = (view, date) => (view === "month" ? html`<span aria-hidden="true">${Number(date.slice(8))}</span><span class="unseen">${weekday(date)}</span>` : weekday(date));

function Line({ index, person, plan, days, view, focus, marked, mayMove, holidays }) {
  const name = person?.full_name || person?.employee_id || "·";
  // The same line as before is the same object, which nobody has to look through.
  return useMemo(() => html`<tr aria-rowindex=${index + 2}>
    <th scope="row" class="who-of">${person ? html`<a tabindex="-1" href=${link("people", person.employee_id)}>${name}</a>` : "·"}</th>
    ${days.map((date, column) => {
      const rows = plan?.[date];
      return html`<td key=${date} role="gridcell" data-at=${`${index}:${column}`} tabindex=${focus === column ? 0 : -1}
        class=${classes({ holiday: holidays[date], weekend: isWeekend(date), marked: marked && rows?.some((one) => one.schedule_id === marked.schedule_id) })}
        draggable=${mayMove && rows?.some((one) => one.start_time && !one.given_away) ? "true" : null}>
        ${rows ? rows.map((row) => shift(row, view)) : ""}
        ${plan && !rows && html`<span class="unseen">${t.free}</span>`}</td>`;
    })}
  </tr>`, [index, person, plan, days, view, focus, marked, mayMove, holidays]);
}

const short = { week: hours, fortnight: (row) => `${brief(row.start_time)}–${brief(row.stop_time)}`, month: (row) => brief(row.start_time) };
const brief = (time) => (clock(time).endsWith(":00") ? clock(time).slice(0, 2) : clock(time));

/** A shift in its cell: hours, the letter of its class, and signs for what became of it, all of it in words as well. */
function shift(row, view) {
  const overnight = row.start_time && row.stop_date > row.start_date;
  const other = row.planned_work_code !== row.work_code && !row.given_away;
  const said = [row.start_time ? hours(row) : "", overnight && t.overnight, row.work_code, texts.classes[row.work_class], other && t.planned(row.planned_work_code), row.given_away && t.given, row.covers_schedule_id && t.taken];
  const what = said.filter(Boolean).join(", ");
  return html`<span class=${classes("code", row.work_class, { overnight, given: row.given_away })} title=${what}>
    <span aria-hidden="true">${row.start_time ? short[view](row) : row.work_code.slice(0, view === "month" ? 3 : 12)}${overnight ? "☾" : ""}${row.given_away ? "⇠" : ""}${row.covers_schedule_id ? "⇢" : ""}
      ${LETTERS[row.work_class] && html` <b>${LETTERS[row.work_class]}</b>`}${other && view !== "month" && html` <small>${t.plannedShort(row.planned_work_code)}</small>`}</span>
    <span class="unseen">${what}</span></span>`;
}
