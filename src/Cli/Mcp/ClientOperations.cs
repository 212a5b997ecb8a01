using System.Net.Http.Headers;
using System.Text.Json;
using Podflare.Mcp;

namespace Podflare.Cli.Mcp;

/// <summary>What the tools do with sandboxes, over the client.</summary>
internal sealed class ClientOperations(PodflareClient client) : ISandboxOperations
{
    public bool IsCuttingCalls => false;

    public Task<CreatedSandbox> CreateSandboxAsync(NewSandbox sandbox, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var created = await client.CreateSandboxAsync(
            new SandboxOptions
            {
                Template = sandbox.Template,
                Lifetime = sandbox.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                Env = sandbox.Env.Count > 0 ? sandbox.Env : null,
                Metadata = sandbox.Metadata.Count > 0 ? sandbox.Metadata : null,
                IdempotencyKey = sandbox.IdempotencyKey,
                TraceParent = Valid(sandbox.Trace),
            },
            cancellationToken);
        return new CreatedSandbox(created.Id, created.Warnings);
    });

    public Task<SandboxList> ListSandboxesAsync(int limit, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var page = await client.ListSandboxPageAsync(new SandboxQuery { State = SandboxState.Ready, PageSize = limit }, cursor: null, cancellationToken);
        return new SandboxList([.. page.Sandboxes.Select(sandbox => new SandboxSummary(sandbox.Id, sandbox.Template, sandbox.CreatedAt, sandbox.Metadata))], page.NextCursor is not null);
    });

    public Task DeleteSandboxAsync(string sandboxId, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        await client.Attach(sandboxId).DeleteAsync(cancellationToken);
        return true;
    });

    public Task<IRunReader> StartRunAsync(string sandboxId, RunProgram program, CancellationToken cancellationToken) => AnswerAsync<IRunReader>(async () =>
    {
        var sandbox = client.Attach(sandboxId, Valid(program.Trace));
        var timeout = TimeSpan.FromSeconds(program.TimeoutSeconds);
        var run = program.Code is { } code
            ? await sandbox.StartRunAsync(code, new RunOptions { Context = program.Context, Timeout = timeout, IdempotencyKey = program.IdempotencyKey }, cancellationToken)
            : await sandbox.StartProcessAsync(
                ProcessCommand.Shell(program.Command!), new ProcessOptions { WorkingDirectory = program.Cwd, Timeout = timeout, IdempotencyKey = program.IdempotencyKey }, cancellationToken);
        return new ClientRunReader(run, after: 0, Refuse);
    });

    public Task<IRunReader> ReadRunAsync(string sandboxId, string runId, long after, CancellationToken cancellationToken) => AnswerAsync<IRunReader>(async () =>
    {
        var run = client.Attach(sandboxId).GetRun(runId);
        // Refusals come here and not while the run is read.
        await run.GetInfoAsync(cancellationToken);
        return new ClientRunReader(run, after, Refuse);
    });

    public Task<RunStatus> GetRunAsync(string sandboxId, string runId, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var info = await client.Attach(sandboxId).GetRun(runId).GetInfoAsync(cancellationToken);
        return new RunStatus(info.State is RunState.Ended, info.Reason?.ToString().ToLowerInvariant(), info.CreatedAt ?? default, info.EndedAt);
    });

    public Task InterruptRunAsync(string sandboxId, string runId, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        await client.Attach(sandboxId).GetRun(runId).InterruptAsync(cancellationToken);
        return true;
    });

    public Task<FilePart> ReadFileAsync(string sandboxId, string path, long offset, int maxBytes, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var call = new ApiCall(HttpMethod.Get, $"v1/sandboxes/{Uri.EscapeDataString(sandboxId)}/{SandboxPath.ToRoute(path)}") { Range = new RangeHeaderValue(offset, offset + maxBytes - 1) };
        try
        {
            return await client.Transport.CallAsync(call, (response, token) => ReadPartAsync(response, maxBytes, token), cancellationToken);
        }
        catch (PodflareApiException e) when (e.Code == "range_not_satisfiable")
        {
            // There is nothing after the offset; an empty file has no range at all.
            var info = await client.Attach(sandboxId).Files.StatAsync(path, followLink: true, cancellationToken);
            return new FilePart(default, info.Size ?? 0);
        }
    });

    public Task WriteFileAsync(string sandboxId, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        await client.Attach(sandboxId).Files.WriteAsync(path, content, cancellationToken);
        return true;
    });

    public Task<IReadOnlyList<ListedFile>> ListFilesAsync(string sandboxId, string path, int depth, int limit, CancellationToken cancellationToken) => AnswerAsync<IReadOnlyList<ListedFile>>(async () =>
    {
        var files = new List<ListedFile>();
        await foreach (var file in client.Attach(sandboxId).Files.ListTreeAsync(path, depth, cancellationToken))
        {
            files.Add(new ListedFile(file.Path ?? file.DisplayName, file.Type.ToString().ToLowerInvariant(), file.Size ?? 0));
            if (files.Count == limit) break;
        }

        return files;
    });

    private static async Task<FilePart> ReadPartAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[Math.Min(maxBytes, response.Content.Headers.ContentLength ?? maxBytes)];
        var read = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return new FilePart(bytes.AsMemory(0, read), response.Content.Headers.ContentRange?.Length ?? read);
    }

    private static async Task<T> AnswerAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is PodflareException or ArgumentException or JsonException or IOException)
        {
            throw Refuse(e);
        }
    }

    private static RefusedException Refuse(Exception e) => e switch
    {
        PodflareApiException x => new RefusedException(x.Code, x.Problem.Error, e),
        ArgumentException => new RefusedException("invalid_request", e.Message, e),
        _ => new RefusedException("connection_failed", e.Message, e),
    };

    // An invalid one is ignored, as in a header.
    private static string? Valid(CallTrace? trace) => trace is not null && TraceParent.TryParse(trace.TraceParent, out var _) ? trace.TraceParent : null;
}
