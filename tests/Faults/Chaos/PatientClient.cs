using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podflare.Faults.Chaos;

/// <summary>An answer that is none to repeat the request for.</summary>
internal sealed record Answer(int Status, string Code, JsonElement Body);

/// <summary>
/// The two frontends as a client uses them that never gives up: what cannot be reached, or says 503, is asked again through the other
/// one. Each refusal is audited.
/// </summary>
internal sealed class PatientClient(Uri[] frontends, Audit audit) : IDisposable
{
    // The service answers within 25 s; a frontend that is stopped does not.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(28);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Silence on a stream with a heartbeat of 5 s after which it is taken for dead.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(12);

    /// <summary>What is not answered well within this time is a fault of the service.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private readonly HttpClient[] _clients =
    [
        .. frontends.Select(address => new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        }),
    ];

    /// <summary>Sends a request until it is answered by something else than 503.</summary>
    /// <param name="first">The frontend to ask first.</param>
    public async Task<Answer> SendAsync(HttpMethod method, string path, JsonObject? body, string? key, int first, CancellationToken cancellationToken)
    {
        var deadline = Clock.Now + Patience;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(AnswerLimit);
                using var request = NewRequest(method, path, body, key);
                using var response = await At(first + attempt).SendAsync(request, limit.Token);
                if (await ReadAnswerAsync(response, $"{method} {path}", limit.Token) is { } answer) return answer;
            }
            catch (Exception e) when (IsBroken(e) && !cancellationToken.IsCancellationRequested)
            {
                audit.OnRepeat(Why(e));
            }

            if (Clock.Now > deadline)
            {
                audit.Fail($"{method} {path}: no answer within {Patience.TotalSeconds:0} s");
                return new Answer(0, "none", default);
            }

            await Clock.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Starts a run and reads it to its end, over as many connections as it takes.</summary>
    /// <param name="replays">Goes on with the same exec and its key while that can be done, instead of with the run's events.</param>
    public async Task ExecAsync(string sandbox, JsonObject body, string key, bool replays, Transcript into, int first, Func<Task>? onEvent, CancellationToken cancellationToken)
    {
        var path = $"/v1/sandboxes/{sandbox}/exec?heartbeat=5";
        await ReadAsync(
            () => into.Run is null || replays
                ? (NewRequest(HttpMethod.Post, path, body, key), Replays: true)
                : (NewRequest(HttpMethod.Get, EventsPath(sandbox, into), null, null), Replays: false),
            into, first, onEvent, cancellationToken);
    }

    /// <summary>Reads a run that was started elsewhere.</summary>
    public Task FollowAsync(string sandbox, Transcript into, int first, Func<Task>? onEvent, CancellationToken cancellationToken) =>
        ReadAsync(() => (NewRequest(HttpMethod.Get, EventsPath(sandbox, into), null, null), Replays: false), into, first, onEvent, cancellationToken);

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
    }

    private static string EventsPath(string sandbox, Transcript into) =>
        $"/v1/sandboxes/{sandbox}/runs/{into.Run}/events?after={into.LastSeq.ToString(CultureInfo.InvariantCulture)}&follow=true&heartbeat=5";

    private async Task ReadAsync(
        Func<(HttpRequestMessage Request, bool Replays)> next, Transcript into, int first, Func<Task>? onEvent, CancellationToken cancellationToken)
    {
        var deadline = Clock.Now + Patience;
        for (var attempt = 0; into.Exit is null && into.Refused is null; attempt++)
        {
            var before = into.LastSeq;
            var (request, replays) = next();
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(AnswerLimit);
                using (request)
                {
                    using var response = await At(first + attempt).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                    if (response.StatusCode is HttpStatusCode.OK)
                    {
                        OnHeaders(response, into);
                        if (attempt > 0) audit.OnResume();
                        await ReadLinesAsync(response, into, replays, onEvent, limit);
                        if (into.Exit is null) audit.Fail($"{into.Name}: a response ended as if it were complete after event {into.LastSeq}");
                    }
                    else if (await ReadAnswerAsync(response, $"{into.Name}: {request.Method} {request.RequestUri}", limit.Token) is { } refusal)
                    {
                        into.Refused = (refusal.Status, refusal.Code);
                    }
                }
            }
            catch (Exception e) when (IsBroken(e) && !cancellationToken.IsCancellationRequested)
            {
                audit.OnRepeat(Why(e));
            }

            if (into.Exit is not null || into.Refused is not null) return;
            if (into.LastSeq > before) deadline = Clock.Now + Patience;
            if (Clock.Now > deadline)
            {
                audit.Fail($"{into.Name}: nothing new after event {into.LastSeq} for {Patience.TotalSeconds:0} s");
                into.Refused = (0, "none");
                return;
            }

            await Clock.Delay(Pause, cancellationToken);
        }
    }

    private void OnHeaders(HttpResponseMessage response, Transcript into)
    {
        var run = response.Headers.GetValues("Podflare-Run-Id").Single();
        if (into.Run is { } known && known != run) audit.Fail($"{into.Name}: the same key is another run, {run} after {known}");
        into.Run = run;
    }

    private static async Task ReadLinesAsync(HttpResponseMessage response, Transcript into, bool replays, Func<Task>? onEvent, CancellationTokenSource limit)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
        while (true)
        {
            limit.CancelAfter(Silence);
            if (await reader.ReadLineAsync(limit.Token) is not { } line) return;
            if (line.Length == 0) continue;
            if (into.Add(line, replays) is not null && onEvent is not null) await onEvent();
        }
    }

    /// <returns>Null where the request is to be made again.</returns>
    private async Task<Answer?> ReadAnswerAsync(HttpResponseMessage response, string what, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (status is 202 or 204) return new Answer(status, "", default);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        if (response.IsSuccessStatusCode) return new Answer(status, "", body);
        var code = body.GetProperty("code").GetString()!;
        if (status is 503 or 429)
        {
            if (response.Headers.RetryAfter is null) audit.Fail($"{what}: {status} {code} without Retry-After");
            audit.OnRepeat($"{status} {code}");
            return null;
        }

        if (status is not 410) audit.Fail($"{what}: {status} {code}");
        return new Answer(status, code, body);
    }

    private HttpClient At(int number) => _clients[number % _clients.Length];

    private static HttpRequestMessage NewRequest(HttpMethod method, string path, JsonObject? body, string? key)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    private static bool IsBroken(Exception e) => e is HttpRequestException or IOException or OperationCanceledException or JsonException;

    private static string Why(Exception e) => e switch
    {
        HttpRequestException { HttpRequestError: var error } and { InnerException: not null } => error.ToString(),
        OperationCanceledException => "silence",
        _ => "broken stream",
    };
}
