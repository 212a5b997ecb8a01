using System.Buffers;
using Podflare.Limits;

namespace Podflare.Requests;

/// <summary>A whole request body in a pooled buffer.</summary>
internal sealed class JsonBody(byte[] buffer, int length, FairGate.Place? place) : IDisposable
{
    public ReadOnlySpan<byte> Utf8 => buffer.AsSpan(0, length);

    /// <summary>The bytes, to be read until the body is disposed.</summary>
    public Stream ToStream() => new MemoryStream(buffer, 0, length, writable: false);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        place?.Dispose();
    }
}
