// The console begins here: who is signed in, and what they see.
import { html, render, useEffect, useState } from "./dom.js";
import { comeBack } from "./hosted.js";
import { current } from "./session.js";
import { Shell } from "./shell.js";
import { SignIn } from "./signin.js";
import { wear } from "./theme.js";
import { Dialog, Trouble, Waiting } from "./ui.js";
import { texts } from "./texts.js";

function App() {
  const [state, set] = useState({ me: undefined, over: false });
  const ask = async () => {
    const trouble = await comeBack().catch((error) => error);
    return current().then(
      (me) => set({ me, over: false, trouble }),
      (error) => set({ error }),
    );
  };
  useEffect(() => {
    ask();
    const over = () => set((before) => ({ ...before, over: Boolean(before.me) }));
    window.addEventListener("signed-out", over);
    return () => window.removeEventListener("signed-out", over);
  }, []);
  /** The page behind stays as it was for whoever had it; somebody else begins anew. */
  const entered = (me) => {
    if (state.me && (state.me.name !== me.name || state.me.role !== me.role)) return location.reload();
    set({ me, over: false });
    return window.dispatchEvent(new Event("signed-in"));
  };
  if (state.error) return html`<main class="signin"><${Trouble} error=${state.error} retry=${ask} /></main>`;
  if (state.me === undefined) return html`<main class="signin"><${Waiting} /></main>`;
  if (state.me === null) return html`<main class="signin"><${SignIn} onEntered=${entered} trouble=${state.trouble} /></main>`;
  return html`<${Shell} me=${state.me} />
    ${state.over && html`<${Dialog} title=${texts.signIn.title} onClose=${() => location.reload()}>
      <p>${texts.signedOut}</p><${SignIn} plain onEntered=${entered} /><//>`}`;
}

wear();
render(html`<${App} />`, document.getElementById("app"));
