"""What all tests share."""

# Before anything imports gRPC: it reads once how it is to treat a fork.
import frugal.cloud  # noqa: F401
