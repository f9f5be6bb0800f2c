"""The local cloud: the resources of one environment, running for real on this machine."""

import os

# gRPC's own handling of a fork crashes the child while another thread is in a call (grpcio 1.85);
# our children execute another program at once and need none of it. Read when gRPC is imported.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
