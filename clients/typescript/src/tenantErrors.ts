import { ConflictError, NotFoundError, TooManyRequestsError } from './apiErrors.js'
import { ApiError, brandOf } from './errors.js'

/** There is no API key with this id, or it belongs to another tenant. */
export class KeyNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('KeyNotFoundError')
}

/** There is no tenant with this id. */
export class TenantNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('TenantNotFoundError')
}

/** No worker of this host is in the cluster. */
export class HostNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('HostNotFoundError')
}

/** There is, or was, a tenant with this id. */
export class TenantExistsError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('TenantExistsError')
}

/** The API key is set in the environment of the server, and cannot be changed over the API. */
export class KeyFromEnvironmentError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('KeyFromEnvironmentError')
}

/** The tenant has as many API keys as it may have. */
export class KeyQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('KeyQuotaExceededError')
}

/** An administrator has suspended the tenant of the API key. */
export class TenantSuspendedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('TenantSuspendedError')
}

/** There is no webhook with this id, or it belongs to another tenant. */
export class WebhookNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('WebhookNotFoundError')
}

/** The webhook has no delivery of this event, or has forgotten it. */
export class DeliveryNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('DeliveryNotFoundError')
}

/** The webhook is disabled and cannot be called. */
export class WebhookDisabledError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('WebhookDisabledError')
}

/** A webhook may not have this address. */
export class AddressRefusedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('AddressRefusedError')
}

/** The tenant has as many webhooks as it may have. */
export class WebhookQuotaExceededError extends TooManyRequestsError {
  /** @internal */ static override readonly brand = brandOf('WebhookQuotaExceededError')
}
