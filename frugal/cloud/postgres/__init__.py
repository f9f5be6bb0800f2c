"""PostgreSQL flexible servers: a real server each, behind a proxy with Azure's rules."""

from frugal.cloud.postgres.server import Server

__all__ = ["Server"]
