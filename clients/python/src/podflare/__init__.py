"""Podflare: code sandboxes for AI agents, on your own machines."""

from ._api_errors import (
    ApiError,
    AuthenticationError,
    CodeTooLargeError,
    DiskFullError,
    EventsEvictedError,
    FileAccessDeniedError,
    FileTooLargeError,
    GoneError,
    IdempotencyKeyReusedError,
    InsufficientScopeError,
    InternalServerError,
    InvalidApiKeyError,
    InvalidRequestError,
    InvalidTraceparentError,
    MissingApiKeyError,
    NoCapacityError,
    NotAFileError,
    NotAFolderError,
    NotFoundError,
    NotOfferedError,
    RateLimitedError,
    RemoteFileNotFoundError,
    RunNotFoundError,
    RunQueueFullError,
    SandboxEndedError,
    SandboxLostError,
    SandboxNotFoundError,
    SandboxQuotaExceededError,
    SandboxUnreachableError,
    ShuttingDownError,
    StorageUnavailableError,
    TemplateNotFoundError,
    TooLargeError,
    TooManyRequestsError,
    UnavailableError,
)
from ._async.client import AsyncClient
from ._async.sandbox import AsyncSandbox
from ._async.stream import AsyncRunStream
from ._diff import SandboxDiff
from ._errors import ClientClosedError, ConnectionFailedError, PodflareError, PodflareWarning, ProtocolError, StreamEndedError
from ._events import CodeError, Event, ExitEvent, StderrEvent, StdoutEvent
from ._models import FileInfo, RunInfo, SandboxInfo
from ._result import RunResult
from ._retry import RetryPolicy
from ._sync.client import Client
from ._sync.sandbox import Sandbox
from ._sync.stream import RunStream
from ._trace import TraceparentWarning
from ._version import VERSION as __version__

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncRunStream",
    "AsyncSandbox",
    "AuthenticationError",
    "Client",
    "ClientClosedError",
    "CodeError",
    "CodeTooLargeError",
    "ConnectionFailedError",
    "DiskFullError",
    "Event",
    "EventsEvictedError",
    "ExitEvent",
    "FileAccessDeniedError",
    "FileInfo",
    "FileTooLargeError",
    "GoneError",
    "IdempotencyKeyReusedError",
    "InsufficientScopeError",
    "InternalServerError",
    "InvalidApiKeyError",
    "InvalidRequestError",
    "InvalidTraceparentError",
    "MissingApiKeyError",
    "NoCapacityError",
    "NotAFileError",
    "NotAFolderError",
    "NotFoundError",
    "NotOfferedError",
    "PodflareError",
    "PodflareWarning",
    "ProtocolError",
    "RateLimitedError",
    "RemoteFileNotFoundError",
    "RetryPolicy",
    "RunInfo",
    "RunNotFoundError",
    "RunQueueFullError",
    "RunResult",
    "RunStream",
    "Sandbox",
    "SandboxDiff",
    "SandboxEndedError",
    "SandboxInfo",
    "SandboxLostError",
    "SandboxNotFoundError",
    "SandboxQuotaExceededError",
    "SandboxUnreachableError",
    "ShuttingDownError",
    "StderrEvent",
    "StdoutEvent",
    "StorageUnavailableError",
    "StreamEndedError",
    "TemplateNotFoundError",
    "TooLargeError",
    "TooManyRequestsError",
    "TraceparentWarning",
    "UnavailableError",
    "__version__",
]

# A traceback shows the name that users import.
for _name in __all__:
    if isinstance(globals()[_name], type) and issubclass(globals()[_name], (Exception, Warning)):
        globals()[_name].__module__ = __name__
del _name
