namespace Podflare;

internal static class BufferedContent
{
    /// <summary>Reads the whole body into memory.</summary>
    /// <exception cref="HttpRequestException">The body is larger than <paramref name="maxBytes"/>.</exception>
    public static Task BufferAsync(this HttpContent content, long maxBytes, CancellationToken cancellationToken) =>
#if NET9_0_OR_GREATER
        content.LoadIntoBufferAsync(maxBytes, cancellationToken);
#else
        content.LoadIntoBufferAsync(maxBytes).WaitAsync(cancellationToken);
#endif
}
