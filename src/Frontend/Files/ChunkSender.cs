namespace Podflare.Files;

/// <summary>Sends the chunks of a transfer as the response body. A chunk is read while the previous one is sent.</summary>
internal static class ChunkSender
{
    /// <param name="chunk">The first chunk; null when there is none.</param>
    public static async Task SendAsync(HttpContext context, FileTransfer transfer, IFileExtension source, FileChunk? chunk)
    {
        var offset = 0L;
        while (chunk is not null)
        {
            offset += chunk.Length;
            var next = source.Read(transfer.Id, offset, context.RequestAborted);
            try
            {
                await transfer.WaitForClientAsync(WriteAsync(context, chunk.Bytes));
            }
            catch
            {
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            chunk.Took();
            chunk = await next;
        }
    }

    private static async Task<bool> WriteAsync(HttpContext context, ReadOnlyMemory<byte> bytes)
    {
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        return true;
    }
}
