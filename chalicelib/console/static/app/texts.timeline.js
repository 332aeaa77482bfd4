// What the timeline says.
export const timeline = {
  title: "Timeline",
  about: "A day's shifts, person by person, and how many seats they come to.",
  bars: "The day, person by person",
  person: "Person",
  date: "Day",
  previous: "Previous day",
  next: "Next day",
  now: "Today",
  print: "Print",
  nobody: "Nobody is scheduled",
  teach: "Choose another day, or bring a planning sheet on the page Uploads.",
  said: (hours, code, kind, overnight) => `${hours}, ${code}, ${kind}${overnight ? ", until the next morning" : ""}`,
};
