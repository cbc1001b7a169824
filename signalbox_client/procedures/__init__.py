"""Standard operating procedures: definitions from YAML or JSON files, and their executions step by step."""

from signalbox_client.procedures.client import Procedures
from signalbox_client.procedures.definitions import Loaded, read_definition, read_definitions
from signalbox_client.procedures.errors import (
    BadDefinition,
    ExecutionNotFound,
    ExecutionOver,
    Problem,
    ProcedureNotFound,
    WrongStep,
    YamlUnavailable,
)
from signalbox_client.procedures.executions import Execution
from signalbox_client.procedures.schema import Definition

__all__ = [
    "BadDefinition",
    "Definition",
    "Execution",
    "ExecutionNotFound",
    "ExecutionOver",
    "Loaded",
    "Problem",
    "ProcedureNotFound",
    "Procedures",
    "WrongStep",
    "YamlUnavailable",
    "read_definition",
    "read_definitions",
]
