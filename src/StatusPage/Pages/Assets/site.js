// The pages work without this: it adds local times and replaces what has changed.
(() => {
  "use strict";
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const addLocalTimes = root => {
    for (const time of root.querySelectorAll("time[datetime]")) time.title = `${local.format(new Date(time.dateTime))} (your time)`;
  };
  addLocalTimes(document);
  if (!document.body.hasAttribute("data-live") || !window.EventSource) return;

  const replace = (old, fresh) => {
    // The spoken line keeps its element, or screen readers would not hear the change.
    const line = old.querySelector("[aria-live]"), next = fresh.querySelector("[aria-live]");
    if (line && next) {
      if (line.textContent !== next.textContent) line.textContent = next.textContent;
      old.className = fresh.className;
      old.querySelector("svg").replaceWith(fresh.querySelector("svg"));
      old.querySelector(".at").replaceWith(fresh.querySelector(".at"));
      return;
    }
    const open = [...old.querySelectorAll("details[open] > summary")].map(s => s.textContent);
    for (const summary of fresh.querySelectorAll("details > summary")) if (open.includes(summary.textContent)) summary.parentElement.open = true;
    const focused = old.contains(document.activeElement);
    if (focused) return;
    old.replaceChildren(...fresh.childNodes);
  };

  let busy = false, again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-fragment]")) {
          const other = fresh.getElementById(part.id);
          if (other && other.innerHTML !== part.innerHTML) replace(part, other);
        }
        document.title = fresh.title;
        addLocalTimes(document);
      }
    } catch { /* The server is away: the next event asks again. */ }
    busy = false;
    if (again) { again = false; refresh(); }
  };
  new EventSource("/events").addEventListener("change", refresh);
})();
