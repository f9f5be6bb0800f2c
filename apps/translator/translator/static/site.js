// Everything works without this. With it, hops appear one by one, and reactions without a reload.
"use strict";

const byId = (id) => document.getElementById(id);
const PACE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350; // ms between hops

function follow(list) {
  const names = JSON.parse(byId("languages").textContent);
  const waiting = byId("waiting");
  const total = list.dataset.hops;
  const queue = [];
  let seen = Number(list.dataset.seen);
  let timer = null;

  function show(hop) {
    const language = names[hop.to];
    const item = document.createElement("li");
    const tongue = document.createElement("p");
    tongue.className = "tongue";
    tongue.append(language.english);
    if (hop.to !== "en") {
      const native = document.createElement("span");
      native.lang = hop.to;
      native.dir = language.direction;
      native.textContent = language.native;
      tongue.append(" ", native);
    }
    if (hop.provider !== "azure" && byId("simulated").hidden) {
      byId("simulated").hidden = false;
      if (hop.n > 1) {
        const label = document.createElement("span");
        label.className = "label";
        label.textContent = "simulated from here on";
        tongue.append(" ", label);
      }
    }
    const text = document.createElement("p");
    text.className = "text";
    text.lang = hop.lang ?? hop.to; // the server may be of the version before
    text.dir = names[text.lang].direction;
    text.textContent = hop.text;
    item.append(tongue, text);
    list.append(item);
    waiting.lastChild.textContent = ` On its way: ${hop.n} of ${total}.`;
  }

  function finish(round) {
    waiting.remove();
    byId("drift").value = round.drift;
    byId("drift-number").textContent = round.drift;
    byId("judgement").hidden = false;
    byId("after").hidden = false;
    byId("ending").textContent = round.end;
    // The result stands above the way, perhaps out of sight. Focus that is in use stays.
    if (document.activeElement === document.body) byId("end").focus();
  }

  function fail(detail) {
    waiting.textContent = detail;
    waiting.setAttribute("role", "alert");
  }

  function next() {
    timer = null;
    const step = queue.shift();
    if (!step) return;
    step();
    timer = setTimeout(next, PACE);
  }

  function later(step) {
    queue.push(step);
    if (timer === null) next();
  }

  const events = new EventSource(list.dataset.events);
  events.addEventListener("hop", (event) => {
    const hop = JSON.parse(event.data);
    if (hop.n <= seen) return;
    seen = hop.n;
    later(() => show(hop));
  });
  events.addEventListener("notice", (event) => {
    const notice = byId("notice");
    notice.textContent = JSON.parse(event.data).text ?? "";
    notice.hidden = !notice.textContent;
  });
  events.addEventListener("done", (event) => {
    events.close();
    const round = JSON.parse(event.data);
    later(() => finish(round));
  });
  // Also what the browser calls a broken connection; it then tries again by itself.
  events.addEventListener("error", (event) => {
    if (event.data) {
      events.close();
      later(() => fail(JSON.parse(event.data).detail));
    } else if (events.readyState === EventSource.CLOSED) {
      later(() => fail("The connection was lost. Reload the page to continue."));
    }
  });
}

async function react(form, type) {
  const told = byId("reacted");
  const answer = await fetch(form.dataset.api, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ type }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    told.textContent = body.detail;
    return;
  }
  for (const [name, count] of Object.entries(body)) {
    form.querySelector(`[data-count="${name}"]`).textContent = count;
  }
  told.textContent = answer.status === 201 ? "Thank you, that counts." : "You have said that already.";
}

const hops = byId("hops");
if (hops?.dataset.events) follow(hops);

for (const form of document.querySelectorAll("form[data-api]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    react(form, event.submitter.value).catch(() => {
      byId("reacted").textContent = "Your reaction could not be sent. Please try again.";
    });
  });
}

const copy = byId("copy");
if (copy) byId("share").value = location.origin + new URL(byId("share").value).pathname;
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("share").value);
    copy.textContent = "Copied";
  });
}
