// The pages work without this script. It adds local times and replaces what has changed.
(() => {
  "use strict";
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const addLocalTimes = root => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      time.title = `${local.format(at)} (your time)`;
      // Touch screens do not show titles. In UTC the text would only repeat the time.
      if (at.getTimezoneOffset() === 0 || !time.closest(".at") || time.closest("[data-ago]") || time.nextElementSibling?.matches(".local")) continue;
      const span = document.createElement("span");
      span.className = "local";
      span.textContent = ` (${clock.format(at)} your time)`;
      time.after(span);
    }
  };
  // The HTML as the server sent it, before local times were added, to detect changes.
  const sent = new WeakMap();
  for (const part of document.querySelectorAll("[data-fragment]")) sent.set(part, part.innerHTML);
  addLocalTimes(document);

  // "Checked 12 s ago". The time itself is in the title.
  const ago = seconds => seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  const sinceCheck = () => {
    const time = document.querySelector("[data-ago] time");
    return time ? Math.max(0, Math.floor((Date.now() - new Date(time.dateTime)) / 1000)) : null;
  };
  const showAge = () => {
    const seconds = sinceCheck();
    if (seconds !== null) document.querySelector("[data-ago] time").textContent = `${ago(seconds)} ago`;
  };
  showAge();

  // The arrow keys select a day, for users without a pointer. Escape hides the details of the day.
  const pick = (bars, by) => {
    const days = [...bars.children].filter(day => day.offsetParent);
    const now = days.findIndex(day => day.matches(".picked"));
    const next = by === 0 ? -1 : now < 0 ? (by === 1 || by === -1000 ? 0 : days.length - 1) : Math.min(days.length - 1, Math.max(0, now + by));
    for (const day of days) day.classList.toggle("picked", day === days[next]);
    bars.classList.toggle("picking", next >= 0);
  };
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") for (const bars of document.querySelectorAll(".bars")) { pick(bars, 0); bars.classList.add("quiet-days"); }
    if (!event.target.matches?.(".bars") || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1000, End: 1000 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.target.classList.remove("quiet-days");
    pick(event.target, by);
  });
  document.addEventListener("focusout", event => { if (event.target.matches?.(".bars")) pick(event.target, 0); });
  document.addEventListener("pointerover", event => {
    if (event.target.matches?.(".bar")) event.target.parentElement.classList.remove("quiet-days");
  });
  if (!document.body.hasAttribute("data-live") || !window.EventSource) return;

  const replace = (old, fresh) => {
    // The live region keeps its element, or screen readers would not announce the change.
    const line = old.querySelector("[aria-live]"), next = fresh.querySelector("[aria-live]");
    if (line && next) {
      if (line.textContent !== next.textContent) line.textContent = next.textContent;
      old.className = fresh.className;
      old.querySelector("svg").replaceWith(fresh.querySelector("svg"));
      old.querySelector(".at").replaceWith(fresh.querySelector(".at"));
      return true;
    }
    const open = [...old.querySelectorAll("details[open] > summary")].map(s => s.textContent);
    for (const summary of fresh.querySelectorAll("details > summary")) if (open.includes(summary.textContent)) summary.parentElement.open = true;
    // A part that has the focus is replaced only when the focus leaves it.
    if (old.contains(document.activeElement)) return false;
    old.replaceChildren(...fresh.childNodes);
    return true;
  };

  let busy = false, again = false, stale = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-fragment]")) {
          const other = fresh.getElementById(part.id);
          if (!other || other.innerHTML === sent.get(part)) continue;
          const html = other.innerHTML;
          if (replace(part, other)) sent.set(part, html);
          else stale = true;
        }
        document.title = fresh.title;
        addLocalTimes(document);
        showAge();
      }
    } catch { /* The server is not available: the next event tries again. */ }
    busy = false;
    if (again) { again = false; refresh(); }
  };
  document.addEventListener("focusout", () => { if (stale) { stale = false; setTimeout(refresh); } });

  // A check that changes nothing is not announced. A tab that nobody sees does not ask for it.
  const CHECK_SECONDS = 30;
  let asked = 0;
  setInterval(() => {
    showAge();
    if (document.hidden || sinceCheck() < CHECK_SECONDS || Date.now() - asked < CHECK_SECONDS * 1000) return;
    asked = Date.now();
    refresh();
  }, 1000);

  const events = new EventSource("/events");
  events.addEventListener("change", refresh);
  // An outdated page must not look like a current one.
  const lost = document.createElement("p");
  lost.className = "at lost";
  lost.textContent = "Connection lost. This page may be out of date. Reconnecting.";
  events.addEventListener("error", () => document.querySelector("#summary .at")?.after(lost));
  events.addEventListener("open", () => lost.remove());
})();
