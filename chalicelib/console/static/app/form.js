// Forms from descriptions: each field with its label, hint, and what the API has against it.
import { classes, html, useEffect, useId, useRef, useState } from "./dom.js";
import { Suggest, suggests } from "./suggest.js";
import { Button, Trouble } from "./ui.js";
import { texts } from "./texts.js";

/**
 * One field. `kind` is text, number, date, time, datetime-local, password, email, search, area, check, choice, or what
 * suggests: person (by id), name, supervisor, identity (as records name it); `options` of a choice are values, or {value, title}.
 */
export function Field({ name, label, kind = "text", value, onInput, options, required, hint, problems = [], ...rest }) {
  const id = useId();
  const wrong = problems.length > 0;
  // What the API expects of an id helps nobody who has chosen nothing.
  const problem = required && (value ?? "") === "" ? texts.missing(kind) : problems.join("; ");
  const shared = {
    id,
    name,
    required,
    ...rest,
    "aria-invalid": wrong || null,
    "aria-describedby": hint || wrong ? `${id}-more` : null,
  };
  const change = (event) =>
    onInput(kind === "check" ? event.currentTarget.checked : fromText(kind, event.currentTarget.value));
  const control = {
    area: () => html`<textarea ...${shared} rows="3" value=${value ?? ""} onInput=${change} />`,
    check: () => html`<input ...${shared} type="checkbox" checked=${Boolean(value)} onChange=${change} />`,
    choice: () => html`<select ...${shared} value=${value ?? ""} onChange=${change}>
      <option value="">${required ? texts.choose : "–"}</option>
      ${choices(options, value).map((one) => html`<option key=${one.value} value=${one.value}>${one.title}</option>`)}
    </select>`,
    suggest: () => html`<${Suggest} ...${shared} kind=${kind} value=${value} onInput=${onInput} />`,
  }[suggests(kind) ? "suggest" : kind];
  return html`<div class=${classes("field", kind, { wrong })}>
    <label for=${id}>${label}${required && html`<span class="must" aria-hidden="true"> *</span>`}</label>
    ${control ? control() : html`<input ...${shared} type=${kind} value=${value ?? ""} onInput=${change} />`}
    ${(hint || wrong) && html`<p id=${`${id}-more`} class=${wrong ? "problem" : "hint"}>${wrong ? problem : hint}</p>`}
  </div>`;
}

const optionOf = (one) => (typeof one === "object" ? one : { value: one, title: one });

/** What there is to choose from; a value that has been retired stays where it was chosen. */
function choices(options, value) {
  const there = (options || []).map(optionOf);
  const known = (value ?? "") === "" || there.some((one) => String(one.value) === String(value));
  return known ? there : [...there, optionOf(value)];
}
const fromText = (kind, text) => (text === "" ? null : kind === "number" ? Number(text) : text);

/**
 * A form over `fields` (descriptions as Field takes them, or null). `onSubmit` gets the values by name, those that are
 * null left out unless `nulls`; what it throws is shown, each problem beside its field.
 */
export function Form({ fields, values = {}, submit = texts.save, onSubmit, onCancel, nulls, children }) {
  const [said, set] = useState(values);
  const [state, move] = useState({});
  const top = useRef();
  const there = fields.filter(Boolean).filter((one) => !one.when || one.when(said));
  const names = there.map((one) => one.name);
  useEffect(() => {
    if (state.error) top.current?.querySelector("[aria-invalid], .trouble")?.focus?.();
  }, [state.error]);
  const send = async (event) => {
    event.preventDefault();
    move({ busy: true });
    const given = names.map((name) => [name, said[name] ?? null]).filter(([, value]) => nulls || value !== null);
    try {
      await onSubmit(Object.fromEntries(given));
      move({});
    } catch (error) {
      move({ error });
    }
  };
  return html`<form class="form" ref=${top} onSubmit=${send} novalidate>
    <${Trouble} error=${state.error} beside=${state.error?.of ? names : undefined} />
    <div class="fields">
      ${there.map(({ when, ...one }) => html`<${Field} key=${one.name} ...${one} value=${said[one.name]}
        problems=${state.error?.of ? state.error.of(one.name) : []}
        onInput=${(value) => set((before) => ({ ...before, [one.name]: value }))} />`)}
    </div>
    ${children}
    <footer>${onCancel && html`<${Button} onClick=${onCancel}>${texts.cancel}<//>`}
      <button type="submit" class="button primary" disabled=${state.busy} aria-busy=${state.busy || null}>${submit}</button>
    </footer>
  </form>`;
}
