using System.IO.Compression;
using Podflare.Guests;
using Podflare.Otlp;

namespace Podflare.Relay;

/// <summary>Decodes the bodies of sandboxes' requests, which may be anything.</summary>
internal static class RelayBody
{
    private const int ReadBytes = 16 * 1024;

    /// <returns>The body as it was before the sender compressed it; null when it cannot be decompressed, or is too large.</returns>
    public static ReadOnlyMemory<byte>? Decompress(TelemetryBatch batch, int limit)
    {
        if (!batch.IsGzip) return batch.Body.Length <= limit ? batch.Body : null;
        using var source = new MemoryStream(batch.Body.ToArray(), writable: false);
        using var gzip = new GZipStream(source, CompressionMode.Decompress);
        using var result = new MemoryStream();
        var buffer = new byte[ReadBytes];
        try
        {
            while (gzip.Read(buffer) is > 0 and var read)
            {
                if (result.Length + read > limit) return null;
                result.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return result.GetBuffer().AsMemory(0, (int)result.Length);
    }

    /// <returns>Null when it cannot be decoded.</returns>
    public static OtlpDecoded? Decode(TelemetryBatch batch, ReadOnlySpan<byte> body)
    {
        var root = batch.Signal switch
        {
            TelemetrySignal.Traces => OtlpSchema.Traces,
            TelemetrySignal.Logs => OtlpSchema.Logs,
            _ => OtlpSchema.Metrics,
        };
        return batch.IsJson ? OtlpJsonReader.Read(root, body) : OtlpProtobufReader.Read(root, body);
    }
}
