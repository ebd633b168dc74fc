// On a walk, one tap records: the page is fetched anew behind it, and stays where it is.
"use strict";

(() => {
  const main = document.querySelector("main");

  main.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!/\/(check|undo)$/.test(form.action)) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const id = form.closest(".room").id;
    form.querySelectorAll("button").forEach((button) => (button.disabled = true));
    try {
      const response = await fetch(form.action, { method: "POST", body });
      if (new URL(response.url).pathname.startsWith("/login")) {
        location.reload(); // the session has ended
        return;
      }
      show(await response.text(), id, response.ok);
    } catch {
      form.querySelectorAll("button").forEach((button) => (button.disabled = false));
      tell("Not recorded: the gateway cannot be reached from here. Try again where there is a network.");
    }
  });

  function show(text, id, recorded) {
    const next = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (!recorded) {
      tell(next?.querySelector(".trouble")?.textContent ?? "Not recorded.");
      document.getElementById(id).querySelectorAll("button").forEach((button) => (button.disabled = false));
      return;
    }
    const y = scrollY;
    main.replaceChildren(...next.childNodes);
    scrollTo(0, y);
    document.getElementById(id)?.querySelector("button")?.focus({ preventScroll: true });
  }

  function tell(text) {
    main.querySelector(".trouble")?.remove();
    const p = document.createElement("p");
    p.className = "trouble";
    p.setAttribute("role", "alert");
    p.textContent = text;
    main.prepend(p);
    p.scrollIntoView({ block: "center" });
  }
})();
