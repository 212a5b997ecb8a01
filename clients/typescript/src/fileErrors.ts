import { ConflictError, InvalidRequestError, NotFoundError, TooLargeError, UnsupportedMediaTypeError } from './apiErrors.js'
import { ApiError, brandOf } from './errors.js'

/** The sandbox has no such file. */
export class FileNotFoundError extends NotFoundError {
  /** @internal */ static override readonly brand = brandOf('FileNotFoundError')
}

/** A directory, socket or device was found where a file is needed. */
export class NotAFileError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('NotAFileError')
}

/** A folder is needed, and the path leads to or through something else (`not_a_directory`). */
export class NotAFolderError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('NotAFolderError')
}

/** The sandbox's user may not read or write the path (`file_access_denied`). */
export class FileAccessDeniedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('FileAccessDeniedError')
}

/** The file is larger than the server accepts. */
export class FileTooLargeError extends TooLargeError {
  /** @internal */ static override readonly brand = brandOf('FileTooLargeError')
}

/** The file does not fit on the disk. The old file is kept. */
export class DiskFullError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('DiskFullError')
}

/** Something exists under the new name and must not be replaced (`file_exists`). */
export class FileExistsError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('FileExistsError')
}

/** The folder has content (`directory_not_empty`). `recursive: true` removes it too. */
export class FolderNotEmptyError extends ConflictError {
  /** @internal */ static override readonly brand = brandOf('FolderNotEmptyError')
}

/** The file is not what the request requires it to be. Nothing was changed. */
export class PreconditionFailedError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('PreconditionFailedError')
}

/** No byte of the requested range exists. */
export class RangeNotSatisfiableError extends ApiError {
  /** @internal */ static override readonly brand = brandOf('RangeNotSatisfiableError')
}

/** The archive is damaged, or has members that must not be written. What came before them was written. */
export class InvalidArchiveError extends InvalidRequestError {
  /** @internal */ static override readonly brand = brandOf('InvalidArchiveError')
}

/** The server does not accept the request's `Content-Encoding`. */
export class UnsupportedEncodingError extends UnsupportedMediaTypeError {
  /** @internal */ static override readonly brand = brandOf('UnsupportedEncodingError')
}
