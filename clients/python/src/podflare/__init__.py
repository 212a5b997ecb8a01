"""Podflare: code sandboxes for AI agents, on your own machines."""

from ._access_errors import (
    AddressRefusedError,
    CrossOriginRefusedError,
    DeliveryNotFoundError,
    HostNotAllowedError,
    HostNotFoundError,
    KeyFromEnvironmentError,
    KeyNotFoundError,
    KeyQuotaExceededError,
    TenantExistsError,
    TenantNotFoundError,
    TenantSuspendedError,
    WebhookDisabledError,
    WebhookNotFoundError,
    WebhookQuotaExceededError,
)
from ._administration_models import KeyInfo, NewKey, TenantInfo, TenantLimits, TenantUse
from ._api_errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    GoneError,
    HeadersTooLargeError,
    HttpVersionNotSupportedError,
    IdempotencyKeyReusedError,
    InsufficientScopeError,
    InternalServerError,
    InvalidApiKeyError,
    InvalidRequestError,
    InvalidTraceparentError,
    MethodNotAllowedError,
    MissingApiKeyError,
    NoCapacityError,
    NotFoundError,
    NotOfferedError,
    RateLimitedError,
    RequestTimeoutError,
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
    UnsupportedMediaTypeError,
    UrlNotFoundError,
    UrlTooLongError,
)
from ._async.client import AsyncClient
from ._async.contexts import AsyncContext, AsyncContexts
from ._async.folders import AsyncFiles
from ._async.hosts import AsyncHosts
from ._async.keys import AsyncKeys
from ._async.sandbox import AsyncSandbox
from ._async.stream import AsyncRunStream
from ._async.telemetry import AsyncTelemetry
from ._async.tenants import AsyncTenants
from ._async.terminal import AsyncTerminal
from ._async.watch import AsyncWatch
from ._async.webhooks import AsyncWebhooks
from ._diff import SandboxDiff
from ._errors import ClientClosedError, ConnectionFailedError, PodflareError, PodflareWarning, ProtocolError, StreamEndedError
from ._events import (
    CodeError,
    DroppedEvent,
    Event,
    ExitEvent,
    FileChangedEvent,
    InputRequestEvent,
    ResultEvent,
    StartEvent,
    StderrEvent,
    StdoutEvent,
    TerminalEvent,
    ToolRequestEvent,
    ToolResponseEvent,
)
from ._file_errors import (
    DiskFullError,
    FileAccessDeniedError,
    FileTooLargeError,
    FolderNotEmptyError,
    InvalidArchiveError,
    NotAFileError,
    NotAFolderError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    RemoteFileExistsError,
    RemoteFileNotFoundError,
    UnsupportedEncodingError,
)
from ._file_models import ArchiveSummary, FileInfo
from ._folders import UnsafeArchiveError
from ._log_models import LogLine
from ._models import SandboxInfo, TemplateInfo
from ._result import RunResult
from ._retry import RetryPolicy
from ._run_errors import (
    CodeTooLargeError,
    ContextExistsError,
    ContextNotFoundError,
    ContextQuotaExceededError,
    ContextRequiredError,
    EventsEvictedError,
    LogBudgetExceededError,
    NotATerminalError,
    OutputQuotaExceededError,
    RunEndedError,
    RunNotFoundError,
    RunQueueFullError,
    RunQuotaExceededError,
    StdinClosedError,
    StdinFullError,
    StdinOffsetError,
    ToolCallClosedError,
    ToolCallNotFoundError,
)
from ._operation_models import HostInfo, Overview, OverviewMinute, ServerInfo
from ._resource_models import MetricsPoint, ResourceLimits, RunUsage, SandboxMetrics
from ._run_models import ContextInfo, RunInfo
from ._sync.client import Client
from ._sync.contexts import Context, Contexts
from ._sync.folders import Files
from ._sync.hosts import Hosts
from ._sync.keys import Keys
from ._sync.sandbox import Sandbox
from ._sync.stream import RunStream
from ._sync.telemetry import Telemetry
from ._sync.tenants import Tenants
from ._sync.terminal import Terminal
from ._sync.watch import Watch
from ._sync.webhooks import Webhooks
from ._telemetry_models import TelemetryDestination, TelemetryTest
from ._tools import Tool
from ._trace import TraceparentWarning
from ._usage_models import AuditEntry, UsageReport, UsageRow
from ._webhook_models import FeedEvent, NewWebhook, WebhookAttempt, WebhookDelivery, WebhookInfo
from ._version import VERSION as __version__

__all__ = [
    "AddressRefusedError",
    "ApiError",
    "ArchiveSummary",
    "AsyncClient",
    "AsyncContext",
    "AsyncContexts",
    "AsyncFiles",
    "AsyncHosts",
    "AsyncKeys",
    "AsyncRunStream",
    "AsyncSandbox",
    "AsyncTelemetry",
    "AsyncTenants",
    "AsyncTerminal",
    "AsyncWatch",
    "AsyncWebhooks",
    "AuditEntry",
    "AuthenticationError",
    "Client",
    "ClientClosedError",
    "CodeError",
    "CodeTooLargeError",
    "ConflictError",
    "ConnectionFailedError",
    "Context",
    "ContextExistsError",
    "ContextInfo",
    "ContextNotFoundError",
    "ContextQuotaExceededError",
    "ContextRequiredError",
    "Contexts",
    "CrossOriginRefusedError",
    "DeliveryNotFoundError",
    "DiskFullError",
    "DroppedEvent",
    "Event",
    "EventsEvictedError",
    "ExitEvent",
    "FeedEvent",
    "FileAccessDeniedError",
    "FileChangedEvent",
    "FileInfo",
    "FileTooLargeError",
    "Files",
    "FolderNotEmptyError",
    "GoneError",
    "HeadersTooLargeError",
    "HostInfo",
    "HostNotAllowedError",
    "HostNotFoundError",
    "Hosts",
    "HttpVersionNotSupportedError",
    "IdempotencyKeyReusedError",
    "InputRequestEvent",
    "InsufficientScopeError",
    "InternalServerError",
    "InvalidApiKeyError",
    "InvalidArchiveError",
    "InvalidRequestError",
    "InvalidTraceparentError",
    "KeyFromEnvironmentError",
    "KeyInfo",
    "KeyNotFoundError",
    "KeyQuotaExceededError",
    "Keys",
    "LogBudgetExceededError",
    "LogLine",
    "MethodNotAllowedError",
    "MetricsPoint",
    "MissingApiKeyError",
    "NewKey",
    "NewWebhook",
    "NoCapacityError",
    "NotAFileError",
    "NotAFolderError",
    "NotATerminalError",
    "NotFoundError",
    "NotOfferedError",
    "OutputQuotaExceededError",
    "Overview",
    "OverviewMinute",
    "PodflareError",
    "PodflareWarning",
    "PreconditionFailedError",
    "ProtocolError",
    "RangeNotSatisfiableError",
    "RateLimitedError",
    "RemoteFileExistsError",
    "RemoteFileNotFoundError",
    "RequestTimeoutError",
    "ResourceLimits",
    "ResultEvent",
    "RetryPolicy",
    "RunEndedError",
    "RunInfo",
    "RunNotFoundError",
    "RunQueueFullError",
    "RunQuotaExceededError",
    "RunResult",
    "RunStream",
    "RunUsage",
    "Sandbox",
    "SandboxDiff",
    "SandboxEndedError",
    "SandboxInfo",
    "SandboxLostError",
    "SandboxMetrics",
    "SandboxNotFoundError",
    "SandboxQuotaExceededError",
    "SandboxUnreachableError",
    "ServerInfo",
    "ShuttingDownError",
    "StartEvent",
    "StderrEvent",
    "StdinClosedError",
    "StdinFullError",
    "StdinOffsetError",
    "StdoutEvent",
    "StorageUnavailableError",
    "StreamEndedError",
    "Telemetry",
    "TelemetryDestination",
    "TelemetryTest",
    "TemplateInfo",
    "TemplateNotFoundError",
    "TenantExistsError",
    "TenantInfo",
    "TenantLimits",
    "TenantNotFoundError",
    "TenantSuspendedError",
    "TenantUse",
    "Tenants",
    "Terminal",
    "TerminalEvent",
    "TooLargeError",
    "TooManyRequestsError",
    "Tool",
    "ToolCallClosedError",
    "ToolCallNotFoundError",
    "ToolRequestEvent",
    "ToolResponseEvent",
    "TraceparentWarning",
    "UnavailableError",
    "UnsafeArchiveError",
    "UnsupportedEncodingError",
    "UnsupportedMediaTypeError",
    "UrlNotFoundError",
    "UrlTooLongError",
    "UsageReport",
    "UsageRow",
    "Watch",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookDisabledError",
    "WebhookInfo",
    "WebhookNotFoundError",
    "WebhookQuotaExceededError",
    "Webhooks",
    "__version__",
]

# A traceback shows the name that users import.
for _name in __all__:
    if isinstance(globals()[_name], type) and issubclass(globals()[_name], (Exception, Warning)):
        globals()[_name].__module__ = __name__
del _name
