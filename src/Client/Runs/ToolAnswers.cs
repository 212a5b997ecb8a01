using System.Net;
using System.Text.Json;

namespace Podflare;

/// <summary>Carries out the calls of tools that the code of one run makes, while its events are read.</summary>
internal sealed class ToolAnswers(SandboxRun run, IReadOnlyList<SandboxTool>? tools, SandboxScope scope, CancellationToken leaving)
{
    private const int MaxAtOnce = 16;
    private const int MaxMessage = 4_096;
    private static readonly TimeSpan AskDelay = TimeSpan.FromMilliseconds(250);
    private static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;
    private readonly SemaphoreSlim _places = new(MaxAtOnce);

    /// <summary>Begins to answer a call, if the run has tools. Nothing that a tool does ends the reading.</summary>
    public void Begin(ToolRequestEvent request)
    {
        if (tools is not null) _ = Task.Run(() => AnswerAsync(request), CancellationToken.None);
    }

    private async Task AnswerAsync(ToolRequestEvent request)
    {
        try
        {
            await _places.WaitAsync(leaving).ConfigureAwait(false);
            try
            {
                if (await IsOpenAsync(request.CallId).ConfigureAwait(false)) await SendAsync(await CallAsync(request).ConfigureAwait(false)).ConfigureAwait(false);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // Nobody reads the run any more.
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
            // The call fails in the sandbox when its time is over.
            Log.ToolNotAnswered(scope.Transport.Logger, run.Id, request.CallId, e.Message);
        }
    }

    private async Task<ToolCallAnswer> CallAsync(ToolRequestEvent request)
    {
        try
        {
            if (tools!.FirstOrDefault(tool => tool.Name == request.Name) is not { } tool) return Failed(request, $"there is no tool {request.Name}");
            if (request.Arguments is not { } arguments) return Failed(request, "the arguments are not an object");
            if (tool.Arguments?.FindError(arguments) is { } error) return Failed(request, error);
            using var span = ClientTracing.StartTool(request.Name, request.TraceParent);
            try
            {
                var content = await tool.Invoke(new SandboxToolCall { RunId = run.Id, CallId = request.CallId, Arguments = arguments }, leaving).ConfigureAwait(false);
                return new ToolCallAnswer(request.CallId, content.ValueKind is JsonValueKind.Undefined ? Null : content.Clone(), null);
            }
            catch (Exception e)
            {
                span.Fail(e);
                throw;
            }
        }
        catch (Exception e) when (!leaving.IsCancellationRequested)
        {
            return Failed(request, e.Message);
        }
    }

    private async Task SendAsync(ToolCallAnswer result)
    {
        try
        {
            await run.AnswerAsync(result, leaving).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ToolCallClosedException or ToolCallNotFoundException)
        {
            // It timed out, or its code no longer waits for it.
        }
        catch (PodflareApiException e) when (e.Status is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge && result.Error is null)
        {
            // The call is still open, and the code learns why it gets no answer.
            await run.AnswerAsync(new ToolCallAnswer(result.CallId, null, new ToolFailure(e.Message)), leaving).ConfigureAwait(false);
        }
    }

    /// <summary>Whether nobody has answered the call: a reader that starts anew, or whose connection was cut, may see calls that were closed meanwhile.</summary>
    private async Task<bool> IsOpenAsync(string call)
    {
        if (!run.WasReplayed && !run.WasCut) return true;
        while (true)
        {
            var info = await run.GetInfoAsync(leaving).ConfigureAwait(false);
            if (info.OpenToolCalls is { } open) return open.Contains(call);
            if (info.State is RunState.Ended) return false;
            // The worker of the sandbox has just started.
            await Task.Delay(AskDelay, scope.Transport.Time, leaving).ConfigureAwait(false);
        }
    }

    private static ToolCallAnswer Failed(ToolRequestEvent request, string message) =>
        new(request.CallId, null, new ToolFailure(message.Length > MaxMessage ? message[..MaxMessage] : message));
}

/// <summary>The definition of a tool.</summary>
internal sealed record ToolBody(string Name, string? Description, JsonElement? InputSchema);

internal sealed record ToolResultsBody(IReadOnlyList<ToolCallAnswer> Results);

/// <param name="Content">Null where the tool failed.</param>
internal sealed record ToolCallAnswer(string CallId, JsonElement? Content, ToolFailure? Error);

internal sealed record ToolFailure(string Message);
