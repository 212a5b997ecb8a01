using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Files;

/// <summary>Writes a body to a transfer, with at most two chunks of it in memory. A chunk is read while the previous one is written.</summary>
internal static class ChunkReceiver
{
    /// <param name="announced">Bytes of the body, where they are known.</param>
    /// <returns>Bytes of the body.</returns>
    /// <exception cref="ProblemException">413: the body has more bytes than the limit.</exception>
    /// <exception cref="ProblemException">408: the body arrives too slowly.</exception>
    public static async Task<long> ReceiveAsync(Stream body, long? announced, FileTransfer transfer, IFileExtension target, BodyRateGuard guard, long maxBytes, CancellationToken cancellationToken)
    {
        var offset = 0L;
        var writing = Task.CompletedTask;
        FileChunk? written = null;
        try
        {
            while (await transfer.WaitForClientAsync(ReadChunkAsync(body, guard, announced - offset, cancellationToken)) is { Length: > 0 } chunk)
            {
                await writing;
                written?.Return();
                written = chunk;
                writing = target.Write(transfer.Id, offset, chunk, cancellationToken);
                offset += chunk.Length;
                if (offset > maxBytes) throw TooLarge(maxBytes);
            }
        }
        finally
        {
            // When reading fails, the result of the pending write no longer matters, but it must end before the transfer is closed.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing;
        written?.Return();
        return offset;
    }

    public static ProblemException TooLarge(long maxBytes) => new(new Problem(413, "file_too_large", $"the file is larger than the limit of {maxBytes} bytes"));

    /// <returns>An empty chunk at the end of the body.</returns>
    private static async Task<FileChunk> ReadChunkAsync(Stream body, BodyRateGuard guard, long? left, CancellationToken cancellationToken)
    {
        var chunk = FileChunk.Rent((int)Math.Min(left ?? long.MaxValue, FileChunk.MaxBytes));
        var filled = 0;
        while (filled < chunk.Length && await guard.ReadAsync(body, chunk.Bytes[filled..], cancellationToken) is var read and > 0) filled += read;
        chunk.Cut(filled);
        if (filled == 0) chunk.Return();
        return chunk;
    }
}
