"""Reports: one neutral document, rendered for the terminal, as Markdown, as HTML; and JSON."""
