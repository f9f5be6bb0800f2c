// The account's place in the navigation. Pages are the same for everybody and come from a cache,
// so who is signed in is asked here, and only where a cookie says that somebody may be.
"use strict";

(async () => {
  const place = document.getElementById("account");
  const link = place.firstElementChild;
  const { login, logout, me } = link.dataset;

  const offerSignIn = () => {
    const here = location.pathname + location.search;
    link.href = `${login}?next_url=${encodeURIComponent(here)}`;
    link.textContent = "Sign in";
  };

  const greet = (name) => {
    const menu = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = name;
    const leave = document.createElement("a");
    leave.href = logout;
    leave.textContent = "Sign out";
    const entries = document.createElement("div");
    entries.append(link, leave);
    menu.append(summary, entries);
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        menu.open = false;
        summary.focus();
      }
    });
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    place.replaceChildren(menu);
  };

  if (!/(^|; )signed_in=1(;|$)/.test(document.cookie)) {
    offerSignIn();
    return;
  }
  try {
    const { user } = await (await fetch(me)).json();
    if (user) greet(user.name);
    else offerSignIn();
  } catch {
    // The link to the account works without an answer too.
  }
})();
