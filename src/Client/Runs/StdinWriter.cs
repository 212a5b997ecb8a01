using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>
/// Writes the standard input of one run. Each request says at which byte it starts, so that a repeated request has no second effect.
/// </summary>
internal sealed class StdinWriter(SandboxScope scope, string run, bool isNew)
{
    // The server accepts 1 MiB per request.
    private const int MaxPiece = 256 * 1024;
    private readonly SemaphoreSlim _turn = new(1);
    private long? _offset = isNew ? 0 : null;

    public async Task WriteAsync(ReadOnlyMemory<byte> data, bool endOfFile, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _offset ??= await GetOffsetAsync(cancellationToken).ConfigureAwait(false);
            do
            {
                var piece = data[..Math.Min(data.Length, MaxPiece)];
                data = data[piece.Length..];
                await WritePieceAsync(piece, endOfFile && data.IsEmpty, cancellationToken).ConfigureAwait(false);
            }
            while (!data.IsEmpty);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits while the program does not read what it was sent; only cancellation or the end of the run ends that.</summary>
    private async Task WritePieceAsync(ReadOnlyMemory<byte> piece, bool isLast, CancellationToken cancellationToken)
    {
        var end = _offset!.Value + piece.Length;
        while (true)
        {
            try
            {
                var body = JsonSerializer.SerializeToUtf8Bytes(new StdinBody(piece.ToArray(), isLast ? true : null, end - piece.Length), ClientJson.Default.StdinBody);
                var call = scope.Call(HttpMethod.Post, $"runs/{Uri.EscapeDataString(run)}/stdin") with { Content = () => SandboxScope.Json(body) };
                var answer = await scope.Transport.CallAsync(call, ClientJson.Default.StdinAnswer, cancellationToken).ConfigureAwait(false);
                if (answer.Offset > end) throw new PodflareProtocolException($"Another writer has written to the standard input of run {run}: it has {answer.Offset} bytes instead of {end}.");
                _offset = end;
                return;
            }
            catch (StdinFullException e)
            {
                await Task.Delay(e.RetryAfter ?? scope.Transport.Options.RetryDelay, scope.Transport.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<long> GetOffsetAsync(CancellationToken cancellationToken)
    {
        var info = await scope.Transport.CallAsync(scope.Call(HttpMethod.Get, $"runs/{Uri.EscapeDataString(run)}"), ClientJson.Default.RunInfo, cancellationToken).ConfigureAwait(false);
        return info.StdinOffset ?? 0;
    }
}

internal sealed record StdinBody([property: JsonPropertyName("data_b64")] byte[] Data, bool? Eof, long Offset);

internal sealed record StdinAnswer(long Offset);
