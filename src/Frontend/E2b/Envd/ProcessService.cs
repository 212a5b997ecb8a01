using System.Collections.Immutable;
using System.Text.Json;
using Podflare.E2b.Connect;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Telemetry;

namespace Podflare.E2b.Envd;

/// <summary>Processes of a sandbox. Each is a run; clients name it by its process id or tag. A client that leaves does not end it.</summary>
internal sealed class ProcessService(StartServices starts, IGrainFactory grains, RunReader reader, SandboxHealth health)
{
    private const int MostListed = RunFilter.MaxLimit;

    /// <summary>Starts a process and sends its events. The client's timeout limits the process, as with E2B.</summary>
    public async Task StartAsync(RpcCall call, StartMessage message, ServerStream stream)
    {
        var trace = RequestTrace.Of(call.Context);
        var request = RequestOf(call, message, stream.Timeout) with { Trace = trace.Caller, Span = trace.Span, Keyless = true };
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(starts.Http.Value.StartSeconds), starts.Time, call.Aborted);
        var run = RunId.New();
        var started = await starts.Starter.StartAsync(call.Tenant, call.Sandbox, run, request, deadline);
        await using var events = started.Events;
        if (LogCall.Current is { } log) log.Run = run.Value;
        await new ProcessFollower(call, stream, health, hasStarted: false).FollowAsync(events);
    }

    /// <summary>Sends the events of a process: all of them, or of a terminal those from now on, because programs would answer its old queries again.</summary>
    public async Task ConnectAsync(RpcCall call, ProcessMessage message, ServerStream stream)
    {
        var selector = SelectorOf(message.Process);
        var found = await GrainCallRetry.RetryLostAsync(() => Of(call).Find(call.Tenant, selector, orEnded: true, call.Aborted), starts.Time, call.Aborted);
        using var limit = stream.Timeout is { } timeout ? new TimeLimit(timeout, starts.Time, call.Aborted) : null;
        var after = found.IsTerminal ? found.LastSeq : 0;
        if (found.IsTerminal) ProcessFollower.WriteStart(stream, found.Pid ?? selector.Pid ?? 0);
        await using var events = reader.Open(call.Tenant, call.Sandbox, found.Id, after, expectStart: false, pollWhenFull: null, call.Aborted);
        if (found.IsTerminal) await stream.FlushAsync();
        await new ProcessFollower(call, stream, health, hasStarted: found.IsTerminal).FollowAsync(events, limit);
    }

    public async Task<RunningProcesses> ListAsync(RpcCall call)
    {
        var filter = new RunFilter(RunKind.Process, RunState.Running, Limit: MostListed);
        var page = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(call.Sandbox.Value).ListRuns(call.Tenant, filter, call.Aborted), starts.Time, call.Aborted);
        return new RunningProcesses([.. page.Runs.Where(run => run is { Pid: not null, Argv.IsDefaultOrEmpty: false }).Select(ViewOf)]);
    }

    /// <summary>Never repeated: the bytes may have arrived although the answer was lost.</summary>
    public async Task<EmptyMessage> SendInputAsync(RpcCall call, SendInputMessage message)
    {
        var selector = SelectorOf(message.Process);
        var bytes = message.Input?.Stdin ?? message.Input?.Pty ?? throw new RpcException("invalid_argument", "input must be given");
        for (var at = 0; at < bytes.Length; at += StdinChunk.MaxBytes)
            await Of(call).WriteStdin(call.Tenant, selector, new StdinChunk(bytes[at..Math.Min(bytes.Length, at + StdinChunk.MaxBytes)]), call.Aborted).WaitAsync(call.Aborted);
        return new EmptyMessage();
    }

    public async Task<EmptyMessage> CloseStdinAsync(RpcCall call, ProcessMessage message)
    {
        await Of(call).WriteStdin(call.Tenant, SelectorOf(message.Process), new StdinChunk([], IsEnd: true), call.Aborted).WaitAsync(call.Aborted);
        return new EmptyMessage();
    }

    public async Task<EmptyMessage> SendSignalAsync(RpcCall call, SendSignalMessage message)
    {
        var selector = SelectorOf(message.Process);
        var signal = SignalOf(message.Signal);
        await Of(call).Signal(call.Tenant, selector, signal, SignalScope.Group, call.Aborted).WaitAsync(call.Aborted);
        return new EmptyMessage();
    }

    public async Task<EmptyMessage> UpdateAsync(RpcCall call, UpdateMessage message)
    {
        if (message.Pty?.Size is not { } size) throw new RpcException("invalid_argument", "pty.size must be given");
        await Of(call).Resize(call.Tenant, SelectorOf(message.Process), SizeOf(size), call.Aborted).WaitAsync(call.Aborted);
        return new EmptyMessage();
    }

    private RunRequest RequestOf(RpcCall call, StartMessage message, TimeSpan? timeout)
    {
        if (message.Process is not { Cmd: { Length: > 0 } program } process) throw new RpcException("invalid_argument", "process.cmd must be given");
        if (message.Tag is "") message = message with { Tag = null };
        var most = TimeSpan.FromSeconds(starts.Runs.Value.MaxTimeoutSeconds);
        var terminal = message.Pty is { } pty ? SizeOf(pty.Size ?? new PtySize(null, null)) : null;
        var env = (process.Envs ?? ImmutableDictionary<string, string>.Empty).ToImmutableSortedDictionary(StringComparer.Ordinal);
        return new RunRequest([], RunLanguage.Bash, timeout is null ? RunRequest.NoTimeout : timeout < most ? timeout.Value : most, OnDisconnect.Continue, env)
        {
            Kind = RunKind.Process,
            Process = new ProcessSpec([program, .. process.Args ?? []], SandboxPath.Resolve(process.Cwd, call.Folder), terminal),
            Output = terminal is null ? new OutputFormat(IsBinary: true) : null,
            Stdin = terminal is not null || message.Stdin is not false,
            Tag = message.Tag,
        };
    }

    private static TerminalSize SizeOf(PtySize size)
    {
        const int columns = 80;
        const int rows = 24;
        return new TerminalSize(size.Cols is > 0 ? size.Cols.Value : columns, size.Rows is > 0 ? size.Rows.Value : rows);
    }

    private static ProcessSelector SelectorOf(SelectorMessage? process) => process switch
    {
        { Pid: { } pid } => new ProcessSelector(pid, null),
        { Tag: { Length: > 0 } tag } => new ProcessSelector(null, tag),
        _ => throw new RpcException("invalid_argument", "process.pid or process.tag must be given"),
    };

    private static string SignalOf(JsonElement signal) => signal.ValueKind switch
    {
        JsonValueKind.String when signal.ValueEquals("SIGNAL_SIGKILL"u8) => "SIGKILL",
        JsonValueKind.String when signal.ValueEquals("SIGNAL_SIGTERM"u8) => "SIGTERM",
        JsonValueKind.Number when signal.TryGetInt32(out var number) && number == 9 => "SIGKILL",
        JsonValueKind.Number when signal.TryGetInt32(out var number) && number == 15 => "SIGTERM",
        _ => throw new RpcException("unimplemented", "signal must be SIGNAL_SIGKILL or SIGNAL_SIGTERM"),
    };

    private static RunningProcess ViewOf(RunInfo run) => new(new ProcessConfig(run.Argv[0], run.Argv[1..], null, run.Cwd), run.Pid!.Value, run.Tag);

    private IProcessExtension Of(RpcCall call) => grains.GetGrain<ISandboxGrain>(call.Sandbox.Value).AsReference<IProcessExtension>();
}
