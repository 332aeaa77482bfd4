// Dates and times as the reader writes them, in the site's zone. The API's dates are days, its times the site's clock.
let site = { timezone: "UTC", today: null, date_order: "day-first" };
const made = new Map();

/** Learn the site's zone; until then it is UTC. */
export function atSite(said) {
  site = { ...site, ...said };
  made.clear();
}

function formatter(name, options) {
  if (!made.has(name)) made.set(name, new Intl.DateTimeFormat(undefined, options));
  return made.get(name);
}

const noon = (day) => new Date(`${day}T12:00:00Z`);

export const today = () =>
  new Intl.DateTimeFormat("en-CA", { timeZone: site.timezone, dateStyle: "short" }).format(new Date());

/** 2026-10-05 as "5 Oct 2026". */
export const day = (said) =>
  said ? formatter("day", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).format(noon(said)) : "";

/** 2026-10-05 as "Mon 5 Oct". */
export const weekday = (said) =>
  said ? formatter("weekday", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" }).format(noon(said)) : "";

/** An instant as the site's clock shows it, with the day where it is another than today. */
export function moment(instant) {
  if (!instant) return "";
  const at = new Date(instant);
  const clock = formatter("clock", { timeZone: site.timezone, hour: "2-digit", minute: "2-digit" }).format(at);
  const date = formatter("iso", { timeZone: site.timezone, year: "numeric", month: "2-digit", day: "2-digit" });
  return date.format(at) === date.format(new Date())
    ? clock
    : `${formatter("short", { timeZone: site.timezone, day: "numeric", month: "short" }).format(at)}, ${clock}`;
}

/** The instant at which a day begins at the site. */
export function beginning(said) {
  const midnight = noon(said).getTime() - 43200000;
  const shown = new Intl.DateTimeFormat("sv", { timeZone: site.timezone, dateStyle: "short", timeStyle: "medium" });
  const ahead = (at) => Date.parse(`${shown.format(at).replace(" ", "T")}Z`) - at;
  return new Date(midnight - ahead(midnight - ahead(midnight))).toISOString();
}

/** 09:00:00, or a local 2026-10-05T09:00:00, as 09:00. */
export const clock = (said) => (said ? said.split("T").pop().slice(0, 5) : "");

/** A shift's hours: 22:00–06:00. */
export const hours = (row) => (row.start_time ? `${clock(row.start_time)}–${clock(row.stop_time)}` : "");

export const plus = (said, days) => new Date(noon(said).getTime() + days * 86400000).toISOString().slice(0, 10);

/** 65 as "1 h 05". */
export function minutes(count) {
  if (count === null || count === undefined) return "";
  const whole = Math.round(count);
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, "0")}`;
}

export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString(undefined, { maximumFractionDigits: digits });

export const share = (value) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 });

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const step = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${number(bytes / 1000 ** step, step ? 1 : 0)} ${["B", "kB", "MB", "GB"][step]}`;
}
