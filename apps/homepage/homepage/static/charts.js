// Draw on the page itself; without this the forms lead to the picture, or to a page with the errors.
"use strict";

const mark = (form, errors) => {
  const wrong = [...form.querySelectorAll("input")].filter((input) => {
    const own = errors.filter((error) => error.field === input.name);
    document.getElementById(`${input.id}-wrong`).textContent = own.map((error) => error.message).join("; ");
    if (own.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    return own.length;
  });
  wrong[0]?.focus();
};

const named = (characters) =>
  [...characters].map((one) => `${one} (U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")})`).join(", ");

for (const figure of document.querySelectorAll("figure")) {
  const status = figure.querySelector("[role=status]");
  const link = figure.querySelector("a");
  const copy = figure.querySelector("button");
  // Only a page of https, or of this machine, may write to the clipboard.
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.href);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "The browser did not allow that. Select the address to copy it.";
    }
  });

  const form = figure.parentElement.querySelector("form");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const picture = figure.querySelector("img");
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    // A comma at an end would be one of srcset.
    const query = new URLSearchParams(given).toString().replace(/%2C(?!&|$)/g, ",");
    status.textContent = "";
    const renewed = (text) => text.replaceAll(link.search.slice(1), query);
    try {
      const answer = await fetch(renewed(picture.currentSrc));
      if (answer.status === 422) return mark(form, (await answer.json()).errors);
      if (!answer.ok) throw new Error(answer.statusText);
      mark(form, []);
      for (const source of figure.querySelectorAll("[srcset]")) source.srcset = renewed(source.srcset);
      picture.src = renewed(picture.getAttribute("src"));
      picture.alt = given.map(([, value]) => value).join("; ");
      link.href = renewed(link.href);
      link.textContent = link.href;
      const boxed = decodeURIComponent(answer.headers.get("Chart-Boxed") ?? "");
      status.textContent = boxed ? `Drawn. No font here has ${named(boxed)}: the chart has boxes instead.` : "Drawn.";
      // On a phone it may be a screen away from the button.
      figure.scrollIntoView({ block: "nearest" });
    } catch {
      status.textContent = "The chart could not be drawn. Please try again.";
    }
  });
}
