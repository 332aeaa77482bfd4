// A file on its way to the bucket: straight there by a form that the API signs, however large it is.
import { Refusal } from "./api.js";
import { uploads as t } from "./texts.uploads.js";

/** Post the file to what the form names; `onShare` hears how much of it has gone. An aborted signal stops it. */
export function sendFile({ url, fields }, file, { onShare, signal }) {
  return new Promise((done, failed) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("file", file, file.name);
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => onShare(loaded / total);
    request.onload = () => (request.status < 300 ? done() : failed(new Refusal(request.status, refused(request))));
    // Browsers do not say which of both it is.
    request.onerror = () => failed(new Refusal(-1, { error: t.notSent }));
    request.onabort = () => failed(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", url);
    request.send(body);
  });
}

/** The sentence of the bucket, which answers in XML. */
function refused(request) {
  const said = new DOMParser().parseFromString(request.responseText, "text/xml");
  return { error: said.querySelector("Message")?.textContent };
}
