"""Frugal: small Python sites on Azure, declared once and priced before every deploy."""
