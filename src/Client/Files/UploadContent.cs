using System.Net;
using System.Net.Http.Headers;

namespace Podflare;

/// <summary>A file upload that is read piece by piece from the caller's stream. The stream stays open.</summary>
internal sealed class UploadContent : HttpContent, IReportsProgress
{
    public const int PieceBytes = 64 * 1024;
    private readonly Stream _from;
    private readonly long _start;

    public UploadContent(Stream from, long start, string mediaType = "application/octet-stream")
    {
        (_from, _start) = (from, start);
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    /// <summary>Called whenever a piece was sent.</summary>
    public Action PieceSent { get; set; } = static () => { };

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_from.CanSeek) _from.Position = _start;
        var piece = new byte[PieceBytes];
        while (await _from.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            await stream.WriteAsync(piece.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            PieceSent();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _from.CanSeek ? _from.Length - _start : 0;
        return _from.CanSeek;
    }
}
