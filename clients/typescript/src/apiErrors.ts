import { ApiError, brandOf } from './errors.js'

/** A field has the wrong type or is out of range. `errors` names it. */
export class InvalidRequestError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('InvalidRequestError')
}

/** The API key is missing or not valid. */
export class AuthenticationError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('AuthenticationError')
}

/** The server requires an API key. */
export class MissingApiKeyError extends AuthenticationError {
  /** @internal */ static override readonly brand = brandOf('MissingApiKeyError')
}

/** The server does not know the API key. */
export class InvalidApiKeyError extends AuthenticationError {
  /** @internal */ static override readonly brand = brandOf('InvalidApiKeyError')
}

/** The API key does not allow this request. */
export class InsufficientScopeError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('InsufficientScopeError')
}

/** It does not exist, or it belongs to another tenant. */
export class NotFoundError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('NotFoundError')
}

/** The server does not have this URL (`not_found`): it is older than this package, or the address is not that of a Podflare server. */
export class UrlNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('UrlNotFoundError')
}

/** There is no sandbox with this id, or it ended more than a day ago. */
export class SandboxNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('SandboxNotFoundError')
}

/** The server has no such template. */
export class TemplateNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('TemplateNotFoundError')
}

/** The request does not fit the present state. */
export class ConflictError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('ConflictError')
}

/** It existed and is gone for good. */
export class GoneError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('GoneError')
}

/** The sandbox's machine or container has failed. */
export class SandboxLostError extends GoneError {
  /** @internal */ static override readonly brand = brandOf('SandboxLostError')
}

/** The sandbox was deleted or has expired. `endedReason` says which. */
export class SandboxEndedError extends GoneError {
  /** @internal */ static override readonly brand = brandOf('SandboxEndedError')
}

/** The request is larger than the server accepts. */
export class TooLargeError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('TooLargeError')
}

/** The URL is longer than the server accepts (`uri_too_long`), for example because of a long path. */
export class UrlTooLongError extends TooLargeError {
  /** @internal */ static override readonly brand = brandOf('UrlTooLongError')
}

/** The request headers are larger than the server accepts. */
export class HeadersTooLargeError extends TooLargeError {
  /** @internal */ static override readonly brand = brandOf('HeadersTooLargeError')
}

/** The server does not accept the traceparent. */
export class InvalidTraceparentError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('InvalidTraceparentError')
}

/** The idempotency key was used before, with another request body. */
export class IdempotencyKeyReusedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('IdempotencyKeyReusedError')
}

/** A limit is reached. `retryAfter` says when to try again. */
export class TooManyRequestsError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('TooManyRequestsError')
}

/** Too many requests in a short time. */
export class RateLimitedError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('RateLimitedError')
}

/** All sandboxes that this key may have at a time are in use. */
export class SandboxQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('SandboxQuotaExceededError')
}

/** The server cannot answer now. The same request may succeed later. */
export class UnavailableError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('UnavailableError')
}

/** The request took too long to arrive at the server. */
export class RequestTimeoutError extends UnavailableError {
  /** @internal */ static override readonly brand = brandOf('RequestTimeoutError')
}

/** No machine has room for another sandbox. */
export class NoCapacityError extends UnavailableError {
  /** @internal */ static override readonly brand = brandOf('NoCapacityError')
}

/** The server is being stopped. */
export class ShuttingDownError extends UnavailableError {
  /** @internal */ static override readonly brand = brandOf('ShuttingDownError')
}

/** The server's storage does not answer. */
export class StorageUnavailableError extends UnavailableError {
  /** @internal */ static override readonly brand = brandOf('StorageUnavailableError')
}

/** The sandbox's machine does not answer at the moment. */
export class SandboxUnreachableError extends UnavailableError {
  /** @internal */ static override readonly brand = brandOf('SandboxUnreachableError')
}

/** The URL does not support the request's method: the server is older than this package. */
export class MethodNotAllowedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('MethodNotAllowedError')
}

/** The server does not accept the request's `Content-Type`. */
export class UnsupportedMediaTypeError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('UnsupportedMediaTypeError')
}

/** The server, or a proxy before it, does not support the request's version of HTTP. */
export class HttpVersionNotSupportedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('HttpVersionNotSupportedError')
}

/** This server does not have the feature, or it is disabled. */
export class NotOfferedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('NotOfferedError')
}

/** The server failed. Its log has details under `trace_id`. */
export class InternalServerError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('InternalServerError')
}

/** The sandbox has no run with this id, or no longer keeps it. */
export class RunNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('RunNotFoundError')
}

/** The requested events are no longer kept. `oldestSeq` is the first one that is. */
export class EventsEvictedError extends GoneError {
  /** @internal */ static override readonly brand = brandOf('EventsEvictedError')
}

/** The code is larger than the server accepts. */
export class CodeTooLargeError extends TooLargeError {
  /** @internal */ static override readonly brand = brandOf('CodeTooLargeError')
}

/** Too many runs are waiting in this sandbox. */
export class RunQueueFullError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('RunQueueFullError')
}

/** The output that the server keeps of open runs has reached its limit. Nothing was started. `status` is 429 if it is the limit of the sandbox or of the tenant, and 503 if it is that of the whole cluster. */
export class LogBudgetExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('LogBudgetExceededError')
}

/** The run has ended, so it accepts no more input, signals or sizes. */
export class RunEndedError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('RunEndedError')
}

/** The run was started without standard input, or its end was already sent. */
export class StdinClosedError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('StdinClosedError')
}

/** The data does not continue the run's standard input: somebody else writes to it too. `offset` is where it continues, in bytes. */
export class StdinOffsetError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('StdinOffsetError')
}

/** The run does not read: 1 MiB of its standard input is waiting. `offset` is what was accepted so far, in bytes. */
export class StdinFullError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('StdinFullError')
}

/** The run has made no such call of a tool. */
export class ToolCallNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('ToolCallNotFoundError')
}

/** The call of a tool timed out, the code no longer waits for its answer, or the run has ended. */
export class ToolCallClosedError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('ToolCallClosedError')
}

/** The run has no terminal, so it has no size. */
export class NotATerminalError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('NotATerminalError')
}

/** The sandbox has no context with this id. */
export class ContextNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('ContextNotFoundError')
}

/** There is a context with this id, and it differs from the requested one. */
export class ContextExistsError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('ContextExistsError')
}

/** The context `python` cannot be deleted; `restart` gives it a new interpreter. */
export class ContextRequiredError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('ContextRequiredError')
}

/** The sandbox has as many contexts as it may have (8, fresh runs included). */
export class ContextQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('ContextQuotaExceededError')
}

/** A browser sent the request for a web page of another origin, and the server has no API keys. */
export class CrossOriginRefusedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('CrossOriginRefusedError')
}

/** The request names a host that is not the server's. */
export class HostNotAllowedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('HostNotAllowedError')
}

/** As many runs of the tenant are executing as may execute at the same time. Nothing was started. */
export class RunQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('RunQuotaExceededError')
}

/** The output of the tenant's open runs uses all the storage that the tenant may use. Nothing was started. */
export class OutputQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('OutputQuotaExceededError')
}
