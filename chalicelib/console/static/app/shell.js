// What stands around every page: the skip link, the navigation by role, who is signed in, and the page itself.
import { classes, html, useEffect, useRef, useState } from "./dom.js";
import { GROUPS, pagesOf } from "./pages.js";
import { here, link, useRoute } from "./router.js";
import { signOut } from "./session.js";
import { chosen, nextTheme } from "./theme.js";
import { Empty, say, Toasts, Trouble, Waiting } from "./ui.js";
import { texts } from "./texts.js";

export function Shell({ me }) {
  const route = useRoute();
  const pages = pagesOf(me);
  const page = route.page ? pages.find((one) => one.key === route.page) : pages[0];
  const [open, set] = useState(false);
  useEffect(() => set(false), [route.page]);
  useEffect(() => {
    document.title = page ? `${page.title} · ${texts.name}` : texts.name;
  }, [page]);
  return html`<div class=${classes("shell", { open })}>
    <a class="skip" href="#main" onClick=${skip}>${texts.skip}</a>
    <header class="top">
      <button type="button" class="button menu" aria-expanded=${open} aria-controls="navigation" onClick=${() => set(!open)}>
        <span aria-hidden="true">☰</span> ${texts.menu}</button>
      <a class="brand" href=${link("")}>${texts.name}</a>
      <${Me} me=${me} />
    </header>
    <nav id="navigation" aria-label=${texts.menu}>
      ${GROUPS.map((group) => html`<${Group} key=${group} title=${texts.groups[group]} page=${page}
        pages=${pages.filter((one) => one.group === group)} />`)}
      <section><ul><li><a href="docs">${texts.contract}</a></li></ul></section>
    </nav>
    <main id="main" tabindex="-1">
      ${page ? html`<${Page} key=${page.key} page=${page} route=${route} me=${me} />` : html`<${Empty} title=${texts.unknownPage} />`}
    </main>
    <${Toasts} />
  </div>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const Group = ({ title, pages, page }) =>
  pages.length > 0 &&
  html`<section><h2>${title}</h2><ul>
    ${pages.map((one) => html`<li key=${one.key}><a href=${link(one.key)} aria-current=${one === page ? "page" : null}>${one.title}</a></li>`)}
  </ul></section>`;

function Me({ me }) {
  const [theme, set] = useState(chosen());
  const leave = () => signOut().catch((error) => say(error.message, "bad"));
  return html`<div class="who">
    <strong>${me.name}</strong><span class="muted">${texts.roles[me.role]}</span>
    <button type="button" class="button" onClick=${() => set(nextTheme())} aria-label=${texts.themes[theme]}
      title=${texts.themes[theme]}><span aria-hidden="true">${{ system: "◐", light: "☀", dark: "☾" }[theme]}</span></button>
    <button type="button" class="button" onClick=${leave}>${texts.signOut}</button>
  </div>`;
}

/** A page's module, once it is there; its heading gets the focus, so that readers hear where they are. */
function Page({ page, route, me }) {
  const [state, set] = useState({});
  const landed = useRef(document.activeElement === document.body);
  const load = () => page.load().then((module) => set({ Content: module.default }), (error) => failed(error, set));
  useEffect(() => void load(), [page]);
  useEffect(() => {
    if (!state.Content || landed.current) return;
    window.scrollTo(0, 0);
    document.querySelector("main h1")?.focus({ preventScroll: true });
  }, [state.Content]);
  if (state.error) return html`<${Trouble} error=${state.error} retry=${load} />`;
  return state.Content ? html`<${state.Content} route=${route} me=${me} />` : html`<${Waiting} />`;
}

/** A module that is not there is of a release before: the page loads itself anew, once for each of its versions. */
function failed(error, set) {
  const known = `opsdb-anew ${import.meta.url}`;
  if (sessionStorage.getItem(known)) {
    set({ error });
    return;
  }
  sessionStorage.setItem(known, here().page);
  location.reload();
}
