// Signing in by name and password, or at the user pool's page where there is one.
import * as api from "./api.js";
import { html, useEffect, useRef, useState } from "./dom.js";
import { Field } from "./form.js";
import { leaveFor } from "./hosted.js";
import { signIn } from "./session.js";
import { Button, Trouble } from "./ui.js";
import { texts } from "./texts.js";

export function SignIn({ onEntered, plain, trouble }) {
  const [said, set] = useState({ username: "", password: "" });
  const [state, move] = useState({ error: trouble });
  const [ways, know] = useState({});
  const form = useRef();
  useEffect(() => {
    form.current.querySelector("input").focus();
    api.get("auth/ways").then(know, () => {});
  }, []);
  const send = async (event) => {
    event.preventDefault();
    move({ busy: true });
    try {
      onEntered(await signIn(said.username, said.password));
    } catch (error) {
      move({ error: inWords(error) });
      form.current?.querySelector("[name=password]").select();
    }
  };
  const field = (name, more) => html`<${Field} name=${name} label=${texts.signIn[name]} required value=${said[name]}
    onInput=${(value) => set((before) => ({ ...before, [name]: value ?? "" }))} ...${more} />`;
  return html`<form ref=${form} class="form" onSubmit=${send}>
    ${!plain && html`<h1>${texts.signIn.title}</h1><p class="muted">${texts.signIn.about}</p>`}
    <${Trouble} error=${state.error} />
    <div class="fields">
      ${field("username", { autocomplete: "username", autocapitalize: "none", spellcheck: false })}
      ${field("password", { kind: "password", autocomplete: "current-password" })}
    </div>
    <footer><${Button} type="submit" kind="primary" busy=${state.busy}>${texts.signIn.submit}<//>
      ${ways.cognito && html`<${Button} onClick=${() => leaveFor(ways.cognito)}>${texts.signIn.hosted}<//>`}</footer>
  </form>`;
}

/** What went wrong, in words of this page where there are any. */
function inWords(error) {
  if (error.status === 401) return { message: texts.signIn.wrong };
  if (error.status === 429) return { message: texts.signIn.locked(error.wait || 1) };
  return error;
}
