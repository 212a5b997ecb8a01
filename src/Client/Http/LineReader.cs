using System.Buffers;

namespace Podflare;

/// <summary>Splits a response into lines. Silence, a lost connection and a line over the limit are failures. Empty lines are skipped.</summary>
internal sealed class LineReader : IDisposable
{
    private const int InitialSize = 16 * 1024;
    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly PodflareClientOptions _options;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenRegistration _registration;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialSize);
    private int _start;
    private int _scanned;
    private int _end;

    private LineReader(HttpResponseMessage response, Stream stream, PodflareClientOptions options, TimeProvider time, CancellationToken caller)
    {
        (_response, _stream, _options, _caller) = (response, stream, options, caller);
        _stop = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _stop);
    }

    /// <summary>Takes over the response, which is disposed with the reader.</summary>
    public static async Task<LineReader> OpenAsync(HttpResponseMessage response, PodflareClientOptions options, TimeProvider time, CancellationToken caller) =>
        new(response, await response.Content.ReadAsStreamAsync(caller).ConfigureAwait(false), options, time, caller);

    /// <summary>Returns the next line without its end, valid until the next call; null after the last line. An unfinished last line is ignored.</summary>
    /// <exception cref="PodflareConnectionException">The connection is lost or silent.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync()
    {
        while (true)
        {
            var at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, _scanned + at - _start);
                _start = _scanned = _scanned + at + 1;
                if (line.Span.EndsWith("\r"u8)) line = line[..^1];
                if (!line.IsEmpty) return line;
                continue;
            }

            _scanned = _end;
            if (_end - _start > _options.MaxEventBytes) throw new PodflareProtocolException($"A line of the stream is longer than {_options.MaxEventBytes} bytes.");
            EnsureRoom();
            if (await FillAsync().ConfigureAwait(false) == 0) return null;
        }
    }

    private string Source => _response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "the server";

    public void Dispose()
    {
        _registration.Dispose();
        _stop.Dispose();
        _response.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void EnsureRoom()
    {
        if (_end < _buffer.Length) return;
        var kept = _end - _start;
        var target = kept > _buffer.Length / 2 ? ArrayPool<byte>.Shared.Rent(_buffer.Length * 2) : _buffer;
        _buffer.AsSpan(_start, kept).CopyTo(target);
        if (target != _buffer) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _scanned, _end) = (target, 0, kept, kept);
    }

    private async ValueTask<int> FillAsync()
    {
        // Limits the wait for bytes, not the time that the caller spends on an event.
        _stop.CancelAfter(_options.SilenceLimit);
        try
        {
            var count = await _stream.ReadAsync(_buffer.AsMemory(_end), _stop.Token).ConfigureAwait(false);
            _end += count;
            return count;
        }
        catch (Exception e) when (_caller.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            throw new OperationCanceledException("The caller canceled the read.", e, _caller);
        }
        catch (OperationCanceledException e)
        {
            throw new PodflareConnectionException($"The stream from {Source} sent nothing for {_options.SilenceLimit.TotalSeconds:0.###} s.", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new PodflareConnectionException($"The stream from {Source} broke: {Sentence.End(e.Message)}", e);
        }
        finally
        {
            _stop.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }
}
