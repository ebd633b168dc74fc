// The live stream of the gateway, and the gateway's own time: the browser's clock is never asked what time it is,
// only how much has passed.
"use strict";

const live = (() => {
  let told = { now: Number(document.querySelector("main")?.dataset.now) || 0, at: performance.now() };

  /** Takes over what the gateway says that the time is: RFC 3339. */
  function tell(now) {
    const moment = Date.parse(now);
    if (!Number.isNaN(moment)) told = { now: moment, at: performance.now() };
  }

  /** The gateway's time in milliseconds. */
  function now() {
    return told.now + performance.now() - told.at;
  }

  // The stream speaks at least every 15 seconds. What is silent for this long is not there any more.
  const longestSilence = 40_000;
  const pause = 3_000;

  /**
   * Listens from a cursor on until the returned function is called. Of what there is to hear, `on` has functions:
   * assets(rows), left(numbers), summary(counts), reset(), and state(true or false) for whether it is connected.
   */
  function listen(cursor, on) {
    const source = new EventSource("/api/v1/live?cursor=" + encodeURIComponent(cursor));
    let ended = false;
    let watch = 0;
    let losing = 0; // a browser connects again by itself, mostly at once: that is not told
    const end = () => {
      ended = true;
      clearTimeout(watch);
      clearTimeout(losing);
      source.close();
    };
    const again = () => {
      if (ended) return;
      end();
      on.state?.(false);
      setTimeout(() => on.reset?.(), pause);
    };
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(again, longestSilence);
    };
    const take = (name) =>
      source.addEventListener(name, (event) => {
        heard();
        if (name === "reset") {
          end();
          on.reset?.();
          return;
        }
        const data = JSON.parse(event.data);
        if (name === "summary") {
          tell(data.now);
          showHealth(data);
        }
        on[name]?.(data);
      });
    ["assets", "left", "summary", "reset"].forEach(take);
    source.onopen = () => {
      heard();
      clearTimeout(losing);
      losing = 0;
      on.state?.(true);
    };
    source.onerror = () => {
      losing ||= setTimeout(() => on.state?.(false), pause);
      if (source.readyState === EventSource.CLOSED) again(); // it was refused: the browser does not try again
    };
    heard();
    addEventListener("pagehide", end, { once: true });
    return end;
  }

  /** The state in the bar follows the alarms. */
  function showHealth(summary) {
    const state = document.querySelector("[data-health]");
    if (!state || !Array.isArray(summary.alarms)) return;
    const alarms = summary.alarms.map((alarm) => (typeof alarm === "string" ? alarm : alarm.name));
    const storing = !alarms.includes("journal_failing");
    const text = !storing ? "cannot store" : alarms.length === 0 ? "well" : alarms.length === 1 ? "1 alarm" : alarms.length + " alarms";
    if (state.textContent !== text) state.textContent = text;
    state.className = "state " + (!storing ? "bad" : alarms.length ? "doubt" : "well");
  }

  return { listen, now, tell };
})();

/** Shows what cannot be seen of a text, such as characters that turn the direction of writing, as escapes. */
function visible(text) {
  return text.replace(/[\p{C}\p{Z}]/gu, (c) => (c === " " ? c : "\\u" + c.codePointAt(0).toString(16).padStart(4, "0")));
}

/** Says how old something is, no finer than matters. */
function ageText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return seconds + " s";
  if (seconds < 7200) return Math.floor(seconds / 60) + " min";
  if (seconds < 172800) return Math.floor(seconds / 3600) + " h";
  return Math.floor(seconds / 86400) + " d";
}

/** Says how long something still runs. */
function leftText(ms) {
  const seconds = Math.ceil(ms / 1000);
  return seconds > 0 ? Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0") : "";
}
