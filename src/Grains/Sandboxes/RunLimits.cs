using System.Text;
using Podflare.Contexts;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>As <see cref="SandboxLimits"/>, for runs and for what is sent to them.</summary>
internal static class RunLimits
{
    private const double MinDisconnectSeconds = 0.1;
    private static readonly HashSet<string> Signals =
        ["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCONT", "SIGSTOP", "SIGWINCH"];

    /// <exception cref="InvalidRequestException">A field is beyond its limit, or does not go with another.</exception>
    public static void Guard(RunRequest request, SandboxSettings settings)
    {
        var limits = settings.Runs;
        if (request.Code is null || request.Code.Length > limits.MaxCodeBytes) throw new InvalidRequestException("code", $"must have at most {limits.MaxCodeBytes} bytes");
        if (request.Language is not (RunLanguage.Python or RunLanguage.Bash)) throw new InvalidRequestException("language", "must be python or bash");
        if (request.OnDisconnect is not (OnDisconnect.Continue or OnDisconnect.Interrupt)) throw new InvalidRequestException("on_disconnect", "must be continue or interrupt");
        if (request.Kind is RunKind.Code || request.Timeout != RunRequest.NoTimeout) SandboxLimits.Guard("timeout_seconds", request.Timeout, limits.MaxTimeoutSeconds);
        SandboxLimits.GuardEnv(request.Env, settings.Sandboxes.MaxEnvBytes);
        if (!IsPlain(request)) GuardDetails(request, limits);
        if (request.Tools is { } tools) ToolLimits.Guard(tools, request, settings.Tools);
    }

    /// <summary>Any guest can execute it. Results of the last expression are left out where the guest gives none.</summary>
    public static bool IsOfferedByAll(RunRequest request) => request is
    {
        Kind: RunKind.Code, Context: null or "python", Fresh: FreshMode.None, Display: not DisplayPolicy.All, Columns: false, Stdin: false, Output: null, Tools: null,
    };

    /// <exception cref="InvalidRequestException">It is beyond its limit.</exception>
    public static void GuardGrace(TimeSpan? grace, RunOptions limits)
    {
        if (grace is { } value && (value < TimeSpan.Zero || value > TimeSpan.FromSeconds(limits.MaxGraceSeconds)))
            throw new InvalidRequestException("grace_seconds", $"must be 0 to {limits.MaxGraceSeconds}");
    }

    /// <exception cref="InvalidRequestException">It is beyond its limit.</exception>
    public static void Guard(StdinChunk chunk, RunOptions limits)
    {
        if (chunk.Bytes is null || chunk.Bytes.Length > limits.MaxStdinBytes) throw new InvalidRequestException("data", $"must have at most {limits.MaxStdinBytes} bytes");
        if (chunk.Offset is < 0) throw new InvalidRequestException("offset", "must not be negative");
    }

    /// <exception cref="InvalidRequestException">It is beyond its limit.</exception>
    public static void Guard(TerminalSize size)
    {
        if (size.Columns is < 1 or > TerminalSize.Max) throw new InvalidRequestException("cols", $"must be 1 to {TerminalSize.Max}");
        if (size.Rows is < 1 or > TerminalSize.Max) throw new InvalidRequestException("rows", $"must be 1 to {TerminalSize.Max}");
    }

    /// <exception cref="InvalidRequestException">It is no signal that can be sent.</exception>
    public static void Guard(string signal, SignalScope scope)
    {
        if (signal is null || !Signals.Contains(signal)) throw new InvalidRequestException("signal", $"must be one of {string.Join(", ", Signals.Order(StringComparer.Ordinal))}");
        if (!Enum.IsDefined(scope)) throw new InvalidRequestException("scope", "must be process, group or all");
    }

    private static bool IsPlain(RunRequest request) =>
        IsOfferedByAll(request) && request is { Context: null, Grace: null, DisconnectAfter: null, Tag: null, Process: null, Watch: null };

    private static void GuardDetails(RunRequest request, RunOptions limits)
    {
        GuardGrace(request.Grace, limits);
        if (request.DisconnectAfter is { } after && (after < TimeSpan.FromSeconds(MinDisconnectSeconds) || after > TimeSpan.FromSeconds(limits.MaxDisconnectSeconds)))
            throw new InvalidRequestException("disconnect_seconds", $"must be {MinDisconnectSeconds} to {limits.MaxDisconnectSeconds}");
        if (request.Tag is { } tag && (tag.Length == 0 || tag.Length > limits.MaxTag)) throw new InvalidRequestException("tag", $"must have 1 to {limits.MaxTag} characters");
        if (request.Kind is RunKind.Process != request.Process is not null) throw new InvalidRequestException("argv", "belongs to a process");
        if (request.Kind is RunKind.Watch != request.Watch is not null) throw new InvalidRequestException("watch", "must name a path");
        switch (request.Kind)
        {
            case RunKind.Code:
                GuardCode(request);
                break;
            case RunKind.Process:
                GuardProcess(request, request.Process!, limits);
                break;
            case RunKind.Watch:
                if (request.Watch!.Path?.Bytes is not { Length: > 0 }) throw new InvalidRequestException("watch", "must name a path");
                GuardNoCodeFields(request);
                break;
            default:
                throw new InvalidRequestException("kind", "must be code, process or watch");
        }
    }

    private static void GuardCode(RunRequest request)
    {
        if (request.Context is { } context && !ContextId.TryParse(context, null, out _)) throw new InvalidRequestException("context", "must be the id of a context");
        if (request is { Context: not null, Fresh: not FreshMode.None }) throw new InvalidRequestException("fresh", "does not go with context");
        if (request is { Output: not null, Context: null, Language: RunLanguage.Python }) throw new InvalidRequestException("stderr", "is for processes and bash, as order and encoding are");
        if (request is { Display: not DisplayPolicy.None, Language: RunLanguage.Bash } or { Columns: true, Language: RunLanguage.Bash }) throw new InvalidRequestException("display", "is for Python");
    }

    private static void GuardNoCodeFields(RunRequest request)
    {
        if (request is not { Context: null, Fresh: FreshMode.None, Display: DisplayPolicy.None, Columns: false }) throw new InvalidRequestException("context", "is for code, as fresh, display and columns are");
    }

    private static void GuardProcess(RunRequest request, ProcessSpec process, RunOptions limits)
    {
        GuardNoCodeFields(request);
        SandboxLimits.GuardFolder(process.Cwd);
        if (process.Argv.IsDefaultOrEmpty) GuardCommand(request.Code, limits);
        else GuardArguments(process, limits);
        if (process.Terminal is not { } size) return;
        Guard(size);
        if (request.Output is not null) throw new InvalidRequestException("pty", "does not go with stderr, order and encoding");
    }

    private static void GuardCommand(byte[] command, RunOptions limits)
    {
        if (command.Length == 0 || command.Length > limits.MaxArgumentBytes || command.AsSpan().Contains((byte)0))
            throw new InvalidRequestException("command", $"must have 1 to {limits.MaxArgumentBytes} bytes, and no NUL");
    }

    private static void GuardArguments(ProcessSpec process, RunOptions limits)
    {
        if (process.Argv.Length > limits.MaxArguments) throw new InvalidRequestException("argv", $"must have 1 to {limits.MaxArguments} items");
        var bytes = 0L;
        foreach (var item in process.Argv)
        {
            var length = item is null ? -1 : Encoding.UTF8.GetByteCount(item);
            if (length < 0 || length > limits.MaxArgumentBytes || item!.Contains('\0', StringComparison.Ordinal))
                throw new InvalidRequestException("argv", $"must have items of at most {limits.MaxArgumentBytes} bytes, without NUL");
            bytes += length;
        }

        if (process.Argv[0].Length == 0) throw new InvalidRequestException("argv", "must name a program");
        if (bytes > limits.MaxArgvBytes) throw new InvalidRequestException("argv", $"must have at most {limits.MaxArgvBytes} bytes in all");
    }
}
