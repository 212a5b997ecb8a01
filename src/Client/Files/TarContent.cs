using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;

namespace Podflare;

/// <summary>The content of a directory as a tar archive that is written while it is sent.</summary>
internal sealed class TarContent : HttpContent, IReportsProgress
{
    private readonly string _directory;

    public TarContent(string directory)
    {
        _directory = directory;
        Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
    }

    public Action PieceSent { get; set; } = static () => { };

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var reporting = new ReportingStream(stream, PieceSent);
        await using var tar = new TarWriter(reporting, TarEntryFormat.Pax, leaveOpen: true);
        await AddAsync(tar, _directory, "", cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private static async Task AddAsync(TarWriter tar, string directory, string prefix, CancellationToken cancellationToken)
    {
        // Sorted, so that the same directory gives the same archive.
        foreach (var path in Directory.GetFileSystemEntries(directory).Order(StringComparer.Ordinal))
        {
            var name = prefix + Path.GetFileName(path);
            await tar.WriteEntryAsync(path, name, cancellationToken).ConfigureAwait(false);
            // A link is written as a link, never followed.
            if (new DirectoryInfo(path) is { Exists: true, LinkTarget: null }) await AddAsync(tar, path, $"{name}/", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Passes writes on and reports each one.</summary>
    private sealed class ReportingStream(Stream to, Action sent) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await to.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            sent();
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => to.FlushAsync(cancellationToken);

        public override void Flush() => to.Flush();

        public override void Write(byte[] buffer, int offset, int count)
        {
            to.Write(buffer, offset, count);
            sent();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
