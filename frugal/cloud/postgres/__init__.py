"""PostgreSQL flexible servers: a real server each, behind a proxy with Azure's rules."""
