using System.Net;
using System.Net.Http.Headers;

namespace Podflare.Cli.Engine;

/// <summary>The files of a build, as a tar archive that is the body of a request. It is written while it is sent, so that it is never in memory as a whole.</summary>
internal sealed class ContextContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> _write;

    public ContextContent(Func<Stream, CancellationToken, Task> write)
    {
        _write = write;
        Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _write(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
