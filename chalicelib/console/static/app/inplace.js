// Facts that are edited where they stand, a line at a time.
import { html, useLayoutEffect, useRef, useState } from "./dom.js";
import { Form } from "./form.js";
import { day } from "./format.js";
import { texts } from "./texts.js";
import { say } from "./ui.js";

/** A fact as it is read: `field` describes it as Field takes it, `values` has it by name. */
export const read = ({ name, kind }, values) => (kind === "date" ? day(values[name]) : (values[name] ?? ""));

/**
 * A line of Facts whose value is a button; pressed, it is a form of its `field` and of those that go `along`. `onSave` gets
 * what is said and gives back the values as they are then. Escape takes it back, what is refused stays to be mended.
 */
export function Editable({ field, along = [], values, onSave }) {
  const [editing, edit] = useState(null);
  const line = useRef();
  // Before anything else is typed, hence no useEffect.
  useLayoutEffect(() => {
    if (editing === null) return;
    const target = line.current.querySelector("[name], .value");
    target.focus();
    target.select?.();
  }, [editing]);
  const save = async (said) => {
    if (said[field.name] !== (values[field.name] ?? null)) say(texts.edited(field.label, read(field, await onSave(said))));
    edit(false);
  };
  const escape = (event) => {
    if (event.key === "Escape") edit(false);
  };
  const shown = read(field, values);
  if (!editing) {
    return html`<div ref=${line}><dt>${field.label}</dt><dd><button type="button" class="value" onClick=${() => edit(true)}
      aria-label=${texts.edit(field.label, shown)}>${shown === "" ? "–" : shown} <span class="pencil" aria-hidden="true">✎</span></button></dd></div>`;
  }
  return html`<div ref=${line} onKeyDown=${escape}><dt class="unseen">${field.label}</dt><dd>
    <${Form} nulls fields=${[field, ...along]} values=${values} onSubmit=${save} onCancel=${() => edit(false)} /></dd></div>`;
}
