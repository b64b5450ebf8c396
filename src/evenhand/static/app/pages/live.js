/**
 * A project's progress as it changes, by server-sent events.
 *
 * The browser connects again by itself when the line breaks. A refusal it does not: then the API is
 * asked why, so that an ended session shows itself, and the stream is tried again later.
 *
 * @import { Progress } from "../types/manage.js"
 */

const AGAIN_MS = 5000;

/**
 * @typedef {object} Listener
 * @property {(progress: Progress) => void} onProgress
 * @property {(live: boolean) => void} onLive Whether the line stands.
 * @property {() => Promise<void>} onRefused Asks the API who is here; shows it when nobody is.
 */

/**
 * @param {string} projectId
 * @param {Listener} listener
 * @returns {() => void} Ends it.
 */
export function watchProgress(projectId, { onProgress, onLive, onRefused }) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let over = false;

  const end = () => {
    over = true;
    window.clearTimeout(timer);
    source?.close();
  };
  const connect = () => {
    source = new EventSource(`/api/v1/projects/${encodeURIComponent(projectId)}/events`);
    source.addEventListener("open", () => onLive(true));
    source.addEventListener("progress", (event) => onProgress(JSON.parse(event.data)));
    source.addEventListener("ended", () => {
      end();
      onLive(false);
      void onRefused();
    });
    source.addEventListener("error", () => {
      onLive(false);
      if (source?.readyState !== EventSource.CLOSED || over) return;
      void onRefused().then(() => {
        if (!over) timer = window.setTimeout(connect, AGAIN_MS);
      });
    });
  };
  connect();
  window.addEventListener("pagehide", end);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  return () => {
    window.removeEventListener("pagehide", end);
    end();
  };
}
