"""Content for the tests, so that none depends on what the package bundles."""

from datetime import UTC, datetime
from typing import Final

from homepage import sheet as package
from homepage.sheet.rows import sheet

CONTENT: Final = sheet(
    datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
    {
        "talks": [
            {
                "title": f"It's talk {year}: «Größe» & שלום",
                "date": f"{year}-02-03",
                "description": "مرحبا, in two lines\nof text",
                "location": "Ærø",
                "slides": "https://example.org/me/slides",
                "tags": "straße, עברית",
            }
            for year in (2024, 2025, 2026, 2026)
        ]
        + [{"title": "A talk without a date", "video": "https://example.org/login"}],
        "projects": [
            *(
                {"title": f"Project {letter}", "date": "2025-06-07", "source": "https://x.example"}
                for letter in "ABCDE"
            ),
            {"title": "Kept back", "date": "2025-06-08", "include": "no"},
        ],
        "interviews": [
            {"title": f"Interview {number}", "date": f"2025-01-0{number}"} for number in range(1, 7)
        ],
    },
)


def use() -> None:
    """Let a process of its own show it: `serve(SHOW_CONTENT)`."""
    package.load_bundled = lambda: CONTENT


SHOW_CONTENT: Final = "import sys; sys.path.append('tests'); import content; content.use()"
