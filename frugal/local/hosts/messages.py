"""Messages of the engine's language protocol, as far as the language host reads and writes them.

The Pulumi SDK has them all, but importing it was half of the host's start, and the CLI
starts the host twice for a preview (3.274, GetLanguageRuntimeMetadata and Run). Fields and numbers:
Pulumi's `proto/pulumi/language.proto` (read in November 2026); protobuf passes over all others.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory, struct_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

_PACKAGE: Final = "frugal.language"
_SCALARS: Final = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int32": FieldDescriptorProto.TYPE_INT32,
}
_FIELDS: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "ProgramInfo": {
        "root_directory": (1, "string"),
        "program_directory": (2, "string"),
        "entry_point": (3, "string"),
        "options": (4, struct_pb2.Struct.DESCRIPTOR.full_name),
    },
    # A map is a list of entries on the wire.
    "Entry": {"key": (1, "string"), "value": (2, "string")},
    "RunRequest": {
        "project": (1, "string"),
        "stack": (2, "string"),
        "pwd": (3, "string"),
        "args": (5, "repeated string"),
        "config": (6, f"repeated {_PACKAGE}.Entry"),
        "dryRun": (7, "bool"),
        "parallel": (8, "int32"),
        "monitor_address": (9, "string"),
        "configSecretKeys": (11, "repeated string"),
        "organization": (12, "string"),
        "info": (14, f"{_PACKAGE}.ProgramInfo"),
    },
    "RunResponse": {"error": (1, "string"), "bail": (2, "bool")},
}
"""Fields of each message: number and type."""


def _described() -> FileDescriptorProto:
    file = FileDescriptorProto(
        name="frugal/language.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[struct_pb2.DESCRIPTOR.name],
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, words) in fields.items():
            *repeated, kind = words.split()
            label = FieldDescriptorProto.LABEL_REPEATED if repeated else None
            described = message.field.add(
                name=field, number=number, label=label or FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _SCALARS:
                described.type = _SCALARS[kind]
            else:
                described.type = FieldDescriptorProto.TYPE_MESSAGE
                described.type_name = f".{kind}"
    return file


def _message(name: str) -> Any:  # noqa: ANN401 - a class that protobuf makes
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_POOL: Final = descriptor_pool.Default()
_POOL.AddSerializedFile(_described().SerializeToString())

RunRequest: Final = _message("RunRequest")
RunResponse: Final = _message("RunResponse")
