// Components that pages share. What they say is in texts.js.
import { classes, html, useEffect, useId, useRef, useState } from "./dom.js";
import { texts } from "./texts.js";

/** A page's title, what it is about, and its actions at the end. */
export function Head({ title, about, children }) {
  return html`<header class="head">
    <div><h1 tabindex="-1">${title}</h1>${about && html`<p class="muted">${about}</p>`}</div>
    <div class="actions">${children}</div>
  </header>`;
}

export function Button({ kind = "plain", busy, ...rest }) {
  return html`<button type="button" ...${rest} class=${classes("button", kind, rest.class)} aria-busy=${busy || null}
    disabled=${rest.disabled || busy} />`;
}

/** What went wrong, with every problem that the API names. */
export function Trouble({ error, beside, retry }) {
  if (!error) return null;
  const problems = error.errors ? (beside ? error.beside(beside) : error.errors) : [];
  const said = error.status === 0 ? texts.unreachable : error.message;
  return html`<div class="trouble" role="alert">
    <strong>${said}</strong>
    ${problems.length > 0 && html`<ul>${problems.map((one) => html`<li>${one}</li>`)}</ul>`}
    ${error.requestId && html`<p class="muted small">${texts.request} ${error.requestId}</p>`}
    ${retry && html`<${Button} onClick=${retry}>${texts.again}<//>`}
  </div>`;
}

/** A list that is empty, which is a moment to teach. */
export const Empty = ({ title, children }) =>
  html`<div class="empty"><p><strong>${title || texts.nothing}</strong></p>${children && html`<p>${children}</p>`}</div>`;

export const Waiting = () => html`<p class="waiting" role="status">${texts.loading}</p>`;

/** Data once it is there: `found` is what useGet gives, the child a function of its data. */
export function Loaded({ found, children }) {
  if (found.error && !found.data) return html`<${Trouble} error=${found.error} retry=${found.reload} />`;
  if (!found.data) return html`<${Waiting} />`;
  return html`${found.error && html`<${Trouble} error=${found.error} retry=${found.reload} />`}${children(found.data)}`;
}

/** A word on a colour, with a sign for those who do not see it. */
export const Badge = ({ tone = "grey", sign, children }) =>
  html`<span class=${classes("badge", tone)}>${sign && html`<span aria-hidden="true">${sign}</span>`}${children}</span>`;

const SIGNS = { work: "", nesting: "N", training: "T", away_planned: "P", away_unplanned: "U", off: "–" };

/** A work code on the colour of its class, with the class's letter for those who do not see it. */
export const Code = ({ code, of }) =>
  html`<span class=${classes("code", of)} title=${texts.classes[of]}>${code}${SIGNS[of] &&
  html` <span class="sign" aria-hidden="true">${SIGNS[of]}</span>`}${code !== texts.classes[of] &&
  html`<span class="unseen">, ${texts.classes[of]}</span>`}</span>`;

/** What the colours and letters of codes mean. */
export const Legend = () =>
  html`<p class="legend">${Object.keys(SIGNS).map((one) => html`<${Code} key=${one} code=${texts.classes[one]} of=${one} />`)}</p>`;

/** Tabs: `tabs` are {key, title, count}; the arrow keys go from one to the next. */
export function Tabs({ tabs, chosen, onChoose, label }) {
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((one) => one.key === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    onChoose(next.key);
    event.currentTarget.querySelector(`[data-key="${next.key}"]`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
    ${tabs.map(
      (one) => html`<button type="button" role="tab" key=${one.key} data-key=${one.key}
        class=${classes("tab", { chosen: one.key === chosen })} aria-selected=${one.key === chosen}
        tabindex=${one.key === chosen ? 0 : -1} onClick=${() => onChoose(one.key)}>
        ${one.title}${one.count !== undefined && html` <span class="count">${one.count}</span>`}
      </button>`,
    )}
  </div>`;
}

/** A dialog that the keyboard stays in; Escape and the cross close it. */
export function Dialog({ title, onClose, wide, children }) {
  const element = useRef();
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    element.current.showModal();
    return () => opener?.isConnected && opener.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} class=${classes("dialog", { wide })} aria-labelledby=${id} onCancel=${cancel}>
    <header><h2 id=${id}>${title}</h2>
      <button type="button" class="cross" aria-label=${texts.close} onClick=${onClose}>×</button></header>
    ${children}
  </dialog>`;
}

/** A question before something that matters. `onYes` may be slow and may fail; what it throws is shown. */
export function Confirm({ title, children, yes, danger, onYes, onClose }) {
  const [state, set] = useState({});
  const act = async () => {
    set({ busy: true });
    try {
      await onYes();
      onClose();
    } catch (error) {
      set({ error });
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${children}<${Trouble} error=${state.error} />
    <footer><${Button} onClick=${onClose}>${texts.cancel}<//>
      <${Button} kind=${danger ? "danger" : "primary"} busy=${state.busy} onClick=${act}>${yes}<//></footer>
  <//>`;
}

/** Say something in passing, to eyes and to screen readers. */
export function say(text, tone = "good") {
  window.dispatchEvent(new CustomEvent("said", { detail: { text, tone } }));
}

export function Toasts() {
  const [said, set] = useState([]);
  useEffect(() => {
    const hear = ({ detail }) => {
      const one = { ...detail, id: Math.random() };
      set((before) => [...before, one]);
      setTimeout(() => set((before) => before.filter((other) => other.id !== one.id)), 6000);
    };
    window.addEventListener("said", hear);
    return () => window.removeEventListener("said", hear);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${said.map((one) => html`<p key=${one.id} class=${classes("toast", one.tone)}>${one.text}</p>`)}
  </div>`;
}

/** How far something is: `share` from 0 to 1, or null while nobody knows. */
export const Progress = ({ share, label }) =>
  html`<progress class="progress" max="1" value=${share ?? undefined} aria-label=${label} />`;

/** Facts as pairs; those without a value are left out. The children are lines of their own after them. */
export const Facts = ({ facts, children }) =>
  html`<dl class="facts">
    ${facts
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    ${children}
  </dl>`;

/** A figure that stands for itself. */
export const Figure = ({ title, value, note, tone }) =>
  html`<div class=${classes("figure", tone)}><span class="muted">${title}</span><strong>${value}</strong>
    ${note && html`<span class="muted small">${note}</span>`}</div>`;
