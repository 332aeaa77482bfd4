// What can be done to the shifts of a cell: looked at, corrected, deleted, added, and proposed to somebody else.
import { html, useRef, useState } from "./dom.js";
import { post, put, remove } from "./api.js";
import { useGet } from "./data.js";
import { useOptions } from "./filters.js";
import { Candidates } from "./floor.js";
import { Form } from "./form.js";
import { clock, hours, weekday } from "./format.js";
import { link } from "./router.js";
import { may } from "./session.js";
import { roster as t } from "./texts.roster.js";
import { Badge, Button, Code, Confirm, Dialog, Facts, Loaded, say } from "./ui.js";

/** One cell: each of its rows, and what the role may do with it; `onMark`, where there are others to swap with. */
export function Shifts({ me, person, date, rows, onClose, onDone, onMark }) {
  const [doing, set] = useState(null);
  const codes = useOptions("work_code");
  const finish = (text) => {
    say(text);
    onClose();
    onDone();
  };
  const back = () => set(null);
  const fields = [
    { name: "nominal_date", label: t.date, kind: "date", required: true },
    { name: "start_time", label: t.start, kind: "time", hint: t.dayOff },
    { name: "stop_time", label: t.stop, kind: "time" },
    { name: "work_code", label: t.code, kind: "choice", options: codes, required: true },
  ];
  if (doing?.deed === "candidates") return html`<${Candidates} me=${me} shift=${doing.row} onClose=${onClose} />`;
  if (doing?.deed === "remove") {
    return html`<${Confirm} title=${t.remove} yes=${t.remove} danger onClose=${back}
      onYes=${async () => { await remove(`schedules/${doing.row.schedule_id}`); finish(t.removed); }}><p>${t.removeAsk}</p><//>`;
  }
  if (doing?.deed === "correct") {
    const { row } = doing;
    const values = { nominal_date: row.nominal_date, start_time: clock(row.start_time) || null, stop_time: clock(row.stop_time) || null, work_code: row.planned_work_code };
    return html`<${Dialog} title=${`${t.correct}: ${t.details(person.full_name, weekday(date))}`} onClose=${back}>
      <${Form} nulls fields=${fields} values=${values} onCancel=${back} onSubmit=${async (said) => { await put(`schedules/${row.schedule_id}`, said); finish(t.corrected); }} /><//>`;
  }
  if (doing?.deed === "add") {
    return html`<${Dialog} title=${t.addTitle(person.full_name, weekday(date))} onClose=${back}>
      <${Form} fields=${fields} values=${{ nominal_date: date }} submit=${t.add} onCancel=${back}
        onSubmit=${async (said) => { await post("schedules", { employee_id: person.employee_id, ...said }); finish(t.added); }} /><//>`;
  }
  return html`<${Dialog} title=${t.details(person.full_name, weekday(date))} onClose=${onClose}>
    ${rows.length === 0 && html`<p class="muted">${t.free}</p>`}
    ${rows.map((row) => html`<section key=${row.schedule_id} class="form">
      <${Facts} facts=${[[t.hours, hours(row)], [t.code, html`<${Code} code=${row.work_code} of=${row.work_class} />`],
        [t.plannedCode, row.planned_work_code !== row.work_code && row.planned_work_code], [t.why, row.why !== "plan" && row.why], [t.origin, row.origin], [t.given, row.given_away && "⇠"]].filter(([, value]) => value)} />
      <div class="actions">
        ${onMark && row.start_time && !row.given_away && may(me, "change") && html`<${Button} onClick=${() => onMark(row)}>${t.mark}<//>`}
        ${row.start_time && html`<${Button} onClick=${() => set({ deed: "candidates", row })}>${t.candidates}<//>`}
        ${may(me, "plan") && html`<${Button} onClick=${() => set({ deed: "correct", row })}>${t.correct}<//>
          <${Button} kind="danger" onClick=${() => set({ deed: "remove", row })}>${t.remove}<//>`}
      </div></section>`)}
    <footer><a class="button" href=${link("people", person.employee_id)}>${t.toPerson}</a>
      ${may(me, "plan") && html`<${Button} onClick=${() => set({ deed: "add" })}>${t.add}<//>`}</footer>
  <//>`;
}

const what = (row) => `${weekday(row.nominal_date)} ${hours(row)}`;

/** A swap, or a cover where nothing comes back: judged before anything is written. */
export function Proposal({ me, giver, target, onClose, onDone }) {
  const back = target.rows.find((one) => one.start_time && !one.given_away);
  const kind = back ? "Swap" : "Cover";
  const asked = {
    change_type: kind, employee_id: giver.employee_id, schedule_id: giver.schedule_id,
    replacement_id: target.person.employee_id, ...(back && { replacement_schedule_id: back.schedule_id }),
  };
  const found = useGet("schedule_changes/verdict", asked);
  const made = useRef(null);
  const act = async ({ at_once, override_reason }) => {
    // Approving may be refused where asking was not: asking again would be a second change.
    made.current ||= await post("schedule_changes", asked);
    const { change } = made.current;
    let text = t.asked;
    try {
      if (at_once) {
        await post(`schedule_changes/${change.change_id}/approve`, { override_reason });
        text = t.done;
      }
    } finally {
      onDone({ change: change.change_id, text });
    }
    say(text);
    onClose();
  };
  return html`<${Dialog} title=${t.propose[kind]} onClose=${onClose}>
    <p>${t.gives(giver.full_name, what(giver))} ${t.takes(target.person.full_name)}${back && html`<br />${t.back(target.person.full_name, what(back))}`}</p>
    <${Loaded} found=${found}>${({ findings }) => html`<${Verdict} me=${me} kind=${kind} findings=${findings} onAct=${act} onClose=${onClose} />`}<//>
  <//>`;
}

function Verdict({ me, kind, findings, onAct, onClose }) {
  const refused = findings.filter((one) => one.refused);
  const shown = refused.length ? refused : findings;
  const passes = findings.length === 0 || may(me, "override");
  const fields = [
    passes && { name: "at_once", label: t.approve, kind: "check" },
    findings.length > 0 && passes && { name: "override_reason", label: t.reason, kind: "area", when: (said) => said.at_once },
  ];
  return html`<p role="status"><strong>${refused.length ? t.refused : findings.length ? (passes ? t.warned : t.waits) : t.clear}</strong></p>
    <ul class="lines">${shown.map((one) => html`<li key=${one.text}><${Badge} tone=${one.refused ? "red" : "amber"} sign=${one.refused ? "×" : "!"}>${one.code.replaceAll("_", " ")}<//> ${one.text}</li>`)}</ul>
    ${refused.length === 0 && html`<${Form} fields=${fields} submit=${t.ask[kind]} onCancel=${onClose} onSubmit=${onAct} />`}`;
}
