// Draw on the page itself; without this the forms lead to the picture.
"use strict";

const result = document.getElementById("result");

// On a phone it may be a screen away from the button.
const put = (...parts) => {
  result.replaceChildren(...parts);
  result.scrollIntoView({ block: "nearest" });
};

const say = (form, errors) => {
  for (const input of form.elements) {
    if (!input.name) continue;
    const wrong = errors.find((error) => error.field === input.name);
    if (wrong) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  const list = document.createElement("ul");
  list.className = "wrong";
  for (const { field, message } of errors) {
    const label = form.querySelector(`[name="${field}"]`)?.labels[0].textContent ?? field;
    const entry = document.createElement("li");
    entry.textContent = `${label}: ${message}`;
    list.append(entry);
  }
  put(list);
};

const show = (form, url) => {
  const picture = new Image(800, 450);
  picture.src = url;
  picture.alt = `Chart of ${form.elements[form.elements.title.value ? "title" : 0].value}`;
  const address = document.createElement("p");
  const link = document.createElement("a");
  link.href = url;
  link.textContent = decodeURIComponent(url);
  address.append("Its address: ", link);
  put(picture, address);
};

for (const form of document.querySelectorAll("form.chart")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const url = `${form.getAttribute("action")}?${new URLSearchParams(given)}`;
    try {
      const answer = await fetch(url);
      if (answer.status === 422) say(form, (await answer.json()).errors);
      else if (answer.ok) {
        say(form, []);
        show(form, url);
      } else throw new Error(answer.statusText);
    } catch {
      put("The chart could not be drawn. Please try again.");
    }
  });
}
