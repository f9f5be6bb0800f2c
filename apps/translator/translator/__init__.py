"""Translation Telephone: a phrase goes through many languages and comes back changed."""
