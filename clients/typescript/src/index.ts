export { Client, type CreateOptions, type ListOptions } from './client.js'
export { Sandbox, type WithClient } from './sandbox.js'
export { RunStream } from './runStream.js'
export { RunResult, type RunFacts } from './result.js'
export { Context, Contexts } from './contexts.js'
export { Files, type FileData } from './files.js'
export { Terminal } from './terminal.js'
export { Watch } from './watch.js'
export type { Callbacks, CodeOptions, Command, Input, ProcessOptions, RunCodeOptions, RunOptions, RunProcessOptions } from './runOptions.js'
export type { ContextInfo, FileInfo, RunInfo, SandboxInfo, TemplateInfo } from './models.js'
export {
  ResultEvent, type CodeError, type DroppedEvent, type Event, type ExitEvent, type FileChangedEvent, type InputRequestEvent, type OutputEvent,
  type StartEvent, type TerminalEvent, type UnknownEvent
} from './events.js'
export type { ClientOptions, RetryPolicy } from './settings.js'
export type { Trace, TraceSource } from './trace.js'
export { ApiError, ClientClosedError, ConnectionFailedError, PodflareError, ProtocolError, StreamEndedError, type ErrorDetails } from './errors.js'
export * from './apiErrors.js'
