// Shows what changes by itself on this page anew, every few seconds while somebody looks at it.
"use strict";

(() => {
  const every = 5000;
  const part = () => document.querySelector("[data-refresh]");

  async function look() {
    if (document.hidden || !part() || part().contains(document.activeElement)) return;
    let response;
    try {
      response = await fetch(location.href, { headers: { Accept: "text/html" } });
    } catch {
      say("The gateway cannot be reached. This is how it was.");
      return;
    }
    if (response.redirected) {
      location.reload(); // the session has ended
      return;
    }
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    const to = next.querySelector("[data-refresh]");
    if (!to) return;
    const open = [...part().querySelectorAll("details")].map((d) => d.open);
    [...to.querySelectorAll("details")].forEach((d, i) => (d.open = open[i] ?? d.open));
    if (!part().isEqualNode(to)) part().replaceWith(to);
    say(next.querySelector("[data-again]")?.textContent ?? "");
    const state = next.querySelector("[data-health]");
    if (state) document.querySelector("[data-health]")?.replaceWith(state);
  }

  function say(text) {
    const at = document.querySelector("[data-again]");
    if (at && at.textContent !== text) at.textContent = text;
  }

  setInterval(look, every);
})();
