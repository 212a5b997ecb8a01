import * as errors from './apiErrors.js'
import * as files from './fileErrors.js'
import * as tenants from './tenantErrors.js'
import { ApiError, ConnectionFailedError, type ErrorDetails, type PodflareError } from './errors.js'

type ErrorClass = new (message: string, details?: ErrorDetails) => ApiError

/** The error class for each code of the API. */
export const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  invalid_request: errors.InvalidRequestError,
  missing_api_key: errors.MissingApiKeyError,
  invalid_api_key: errors.InvalidApiKeyError,
  insufficient_scope: errors.InsufficientScopeError,
  sandbox_not_found: errors.SandboxNotFoundError,
  not_found: errors.UrlNotFoundError,
  run_not_found: errors.RunNotFoundError,
  template_not_found: errors.TemplateNotFoundError,
  file_not_found: files.FileNotFoundError,
  not_a_file: files.NotAFileError,
  not_a_directory: files.NotAFolderError,
  file_access_denied: files.FileAccessDeniedError,
  events_evicted: errors.EventsEvictedError,
  sandbox_lost: errors.SandboxLostError,
  sandbox_ended: errors.SandboxEndedError,
  code_too_large: errors.CodeTooLargeError,
  file_too_large: files.FileTooLargeError,
  uri_too_long: errors.UrlTooLongError,
  headers_too_large: errors.HeadersTooLargeError,
  method_not_allowed: errors.MethodNotAllowedError,
  request_timeout: errors.RequestTimeoutError,
  unsupported_media_type: errors.UnsupportedMediaTypeError,
  http_version_not_supported: errors.HttpVersionNotSupportedError,
  invalid_traceparent: errors.InvalidTraceparentError,
  idempotency_key_reused: errors.IdempotencyKeyReusedError,
  rate_limited: errors.RateLimitedError,
  sandbox_quota_exceeded: errors.SandboxQuotaExceededError,
  run_queue_full: errors.RunQueueFullError,
  log_budget_exceeded: errors.LogBudgetExceededError,
  no_capacity: errors.NoCapacityError,
  shutting_down: errors.ShuttingDownError,
  storage_unavailable: errors.StorageUnavailableError,
  sandbox_unreachable: errors.SandboxUnreachableError,
  disk_full: files.DiskFullError,
  file_exists: files.FileExistsError,
  directory_not_empty: files.FolderNotEmptyError,
  precondition_failed: files.PreconditionFailedError,
  range_not_satisfiable: files.RangeNotSatisfiableError,
  invalid_archive: files.InvalidArchiveError,
  unsupported_encoding: files.UnsupportedEncodingError,
  run_ended: errors.RunEndedError,
  tool_call_not_found: errors.ToolCallNotFoundError,
  tool_call_closed: errors.ToolCallClosedError,
  stdin_closed: errors.StdinClosedError,
  stdin_offset: errors.StdinOffsetError,
  stdin_full: errors.StdinFullError,
  not_a_terminal: errors.NotATerminalError,
  context_not_found: errors.ContextNotFoundError,
  context_exists: errors.ContextExistsError,
  context_required: errors.ContextRequiredError,
  context_quota_exceeded: errors.ContextQuotaExceededError,
  not_offered: errors.NotOfferedError,
  cross_origin_refused: errors.CrossOriginRefusedError,
  host_not_allowed: errors.HostNotAllowedError,
  tenant_suspended: tenants.TenantSuspendedError,
  key_not_found: tenants.KeyNotFoundError,
  tenant_not_found: tenants.TenantNotFoundError,
  host_not_found: tenants.HostNotFoundError,
  tenant_exists: tenants.TenantExistsError,
  key_from_environment: tenants.KeyFromEnvironmentError,
  key_quota_exceeded: tenants.KeyQuotaExceededError,
  webhook_not_found: tenants.WebhookNotFoundError,
  delivery_not_found: tenants.DeliveryNotFoundError,
  webhook_disabled: tenants.WebhookDisabledError,
  address_refused: tenants.AddressRefusedError,
  webhook_quota_exceeded: tenants.WebhookQuotaExceededError,
  run_quota_exceeded: errors.RunQuotaExceededError,
  output_quota_exceeded: errors.OutputQuotaExceededError,
  internal: errors.InternalServerError
}

// For a code of a newer server, and for a reverse proxy, which has no codes.
const BY_STATUS: Readonly<Record<number, ErrorClass>> = {
  400: errors.InvalidRequestError,
  401: errors.AuthenticationError,
  403: errors.InsufficientScopeError,
  404: errors.NotFoundError,
  405: errors.MethodNotAllowedError,
  408: errors.RequestTimeoutError,
  409: errors.ConflictError,
  410: errors.GoneError,
  413: errors.TooLargeError,
  414: errors.UrlTooLongError,
  412: files.PreconditionFailedError,
  415: errors.UnsupportedMediaTypeError,
  416: files.RangeNotSatisfiableError,
  429: errors.TooManyRequestsError,
  431: errors.HeadersTooLargeError,
  500: errors.InternalServerError,
  501: errors.NotOfferedError,
  502: errors.UnavailableError,
  503: errors.UnavailableError,
  504: errors.UnavailableError,
  505: errors.HttpVersionNotSupportedError,
  507: files.DiskFullError
}

/** The error for an unsuccessful answer. `now` is the Unix time in milliseconds, for a `Retry-After` that is a date. */
export function errorOf (status: number, headers: Headers, body: string, now: number): ApiError {
  const problem = fieldsOf(body)
  const code = textOf(problem, 'code')
  const Kind = (code !== undefined && Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : BY_STATUS[status]) ?? ApiError
  return new Kind(textOf(problem, 'detail') ?? textOf(problem, 'error') ?? `the server answered with status ${status}`, {
    code,
    status,
    traceId: textOf(problem, 'trace_id') ?? headers.get('podflare-trace-id') ?? undefined,
    retryAfter: retryAfterOf(headers.get('retry-after'), now),
    oldestSeq: wholeOf(problem, 'oldest_seq'),
    offset: wholeOf(problem, 'offset'),
    endedReason: textOf(problem, 'ended_reason'),
    errors: fieldErrorsOf(problem['errors'])
  })
}

/** Whether the server refused before doing anything, and may accept later. */
export function isWorthRepeating (error: PodflareError): boolean {
  // Waiting does not free a quota that the caller's own sandboxes or contexts use up. A writer waits for a full input itself.
  const hopeless = [errors.SandboxQuotaExceededError, tenants.KeyQuotaExceededError, tenants.WebhookQuotaExceededError, errors.ContextQuotaExceededError, errors.StdinFullError]
  if (hopeless.some(kind => error instanceof kind)) return false
  return error instanceof errors.TooManyRequestsError || error instanceof errors.UnavailableError || [429, 502, 503, 504].includes(error.status ?? 0)
}

/** Whether a request that failed may have had an effect. */
export function mayHaveArrived (error: PodflareError): boolean {
  // Fetch does not tell a refused connection from a broken one. A process that answers 500, 502 or 504 does not know either.
  return error instanceof ConnectionFailedError || [500, 502, 504].includes(error.status ?? 0) || error.code === 'sandbox_unreachable'
}

function fieldsOf (body: string): Record<string, unknown> {
  try {
    const problem: unknown = JSON.parse(body)
    return typeof problem === 'object' && problem !== null && !Array.isArray(problem) ? problem as Record<string, unknown> : {}
  } catch {
    return {}
  }
}

function textOf (problem: Record<string, unknown>, name: string): string | undefined {
  const value = problem[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function wholeOf (problem: Record<string, unknown>, name: string): number | undefined {
  const value = problem[name]
  return Number.isInteger(value) ? value as number : undefined
}

function fieldErrorsOf (fields: unknown): Record<string, string[]> | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  return Object.fromEntries(Object.entries(fields).map(([field, texts]) => [field, (Array.isArray(texts) ? texts : [texts]).map(String)]))
}

function retryAfterOf (value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now) / 1000)
}
