"""The language host as the engine starts it: a process that serves until its input closes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from frugal.local.hosts.messages import RunRequest

PATIENCE = 60


@asynccontextmanager
async def language_host(
    executor: Path,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, language_pb2_grpc.LanguageRuntimeStub]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "frugal.local.hosts.language", executor, "127.0.0.1:1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, language_pb2_grpc.LanguageRuntimeStub(channel)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def run_request(folder: Path) -> language_pb2.RunRequest:
    info = language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point="."
    )
    return language_pb2.RunRequest(pwd=str(folder), info=info, project="frugal", stack="local")


@pytest.mark.parametrize("name", ["RunRequest", "RunResponse", "ProgramInfo"])
def test_its_messages_have_the_fields_of_the_sdk(name: str) -> None:
    ours = RunRequest.DESCRIPTOR.file.message_types_by_name[name]
    theirs = getattr(language_pb2, name).DESCRIPTOR.fields_by_name
    for field in ours.fields:
        same = theirs[field.name]
        # A map is a repeated message.
        assert (field.number, field.type, field.is_repeated) == (
            same.number,
            same.type,
            same.is_repeated,
        )
    assert set(theirs) - {field.name for field in ours.fields} <= {
        *("program", "queryMode", "configPropertyMap"),
        *("loader_target", "attach_debugger", "mapper_target"),
    }


def test_a_request_of_the_engine_is_read(tmp_path: Path) -> None:
    sent = run_request(tmp_path)
    sent.config["frugal:key"] = "value"
    sent.info.options.update({"virtualenv": ".venv"})
    read = RunRequest.FromString(sent.SerializeToString())
    assert [(entry.key, entry.value) for entry in read.config] == [("frugal:key", "value")]
    assert read.info.options["virtualenv"] == ".venv"


@pytest.mark.parametrize(
    ("program", "bail", "error"),
    [
        ("", False, ""),
        ("raise SystemExit(32)", True, ""),
        ("raise SystemExit(3)", False, "the program ended with code 3"),
    ],
)
async def test_the_end_of_a_program_is_the_answer(
    tmp_path: Path, program: str, bail: bool, error: str
) -> None:
    executor = tmp_path / "executor.py"
    executor.write_text(program)
    async with language_host(executor) as (_process, stub):
        answer = await stub.Run(run_request(tmp_path), timeout=PATIENCE)
    assert (answer.bail, answer.error) == (bail, error)


async def test_the_host_ends_the_program_that_is_cancelled_and_itself_with_its_input(
    tmp_path: Path,
) -> None:
    executor = tmp_path / "executor.py"
    executor.write_text("import time\nprint('running', flush=True)\ntime.sleep(600)\n")
    async with language_host(executor) as (process, stub):
        running = asyncio.ensure_future(stub.Run(run_request(tmp_path), timeout=PATIENCE))
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(PATIENCE):
            # The program writes to the output of its host.
            assert await process.stdout.readline() == b"running\n"
            await stub.Cancel(Empty())
            assert (await running).error == "the program ended with code -9"
            process.stdin.close()
            assert await process.wait() == 0


async def test_a_method_that_is_not_served_is_unimplemented(tmp_path: Path) -> None:
    async with language_host(tmp_path) as (_process, stub):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.About(language_pb2.AboutRequest(), timeout=PATIENCE)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
