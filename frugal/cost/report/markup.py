"""HTML and SVG as trees of the standard library, which escapes every text and attribute itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, tostring

Child = str | Element | None

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def node(tag: str, *children: Child | Iterable[Child], **attributes: str | int) -> Element:
    """An element. `class_` is the attribute `class`, `aria_hidden` is `aria-hidden`."""
    named = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    element = Element(tag, named)
    for child in children:
        if child is None or isinstance(child, str | Element):
            _append(element, cast("Child", child))
        else:
            for part in child:
                _append(element, part)
    return element


def _append(element: Element, child: Child) -> None:
    if isinstance(child, Element):
        element.append(child)
    elif child and len(element):
        element[-1].tail = (element[-1].tail or "") + child
    elif child:
        element.text = (element.text or "") + child


def section(title: str, *content: Element | None) -> Element:
    """A part of a page under its heading."""
    return node("section", node("h2", title), content)


def document(title: str, styles: Iterable[str], main: Element) -> str:
    """The text of a page that stands alone. `styles`: files of this folder, put into it."""
    style = "".join((Path(__file__).parent / name).read_text("utf-8") for name in styles)
    head = node(
        "head",
        node("meta", charset="utf-8"),
        # Should a text of a plan ever come through as markup, the browser loads and runs nothing.
        node("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", name="color-scheme", content="light dark"),
        node("title", title),
        node("style", style),
    )
    root = node("html", head, node("body", main), lang="en")
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n"
