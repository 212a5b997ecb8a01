using System.Runtime.CompilerServices;
using System.Text;

namespace Podflare;

/// <summary>
/// The files of a sandbox, as its code sees them. A path that is not absolute counts from the home folder, <c>/root</c>, where code runs.
/// A file is written whole or not at all, and missing folders are made.
/// </summary>
public sealed class SandboxFiles
{
    private readonly SandboxContext _context;

    internal SandboxFiles(SandboxContext context) => _context = context;

    /// <summary>Writes a file from memory; a failed attempt is repeated.</summary>
    /// <exception cref="DiskFullException">It does not fit; the old file stays.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user may not write there; <c>/root</c> and <c>/tmp</c> are his.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(FileCall(HttpMethod.Put, path) with { Content = () => new ReadOnlyMemoryContent(content) }, cancellationToken);

    /// <summary>Writes a text as UTF-8; a failed attempt is repeated.</summary>
    /// <exception cref="DiskFullException">It does not fit; the old file stays.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user may not write there; <c>/root</c> and <c>/tmp</c> are his.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public Task WriteTextAsync(string path, string text, CancellationToken cancellationToken = default) => WriteAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>
    /// Writes a file from a stream, from its position on, without holding it in memory. A failed attempt is repeated only where the stream can seek.
    /// </summary>
    /// <exception cref="DiskFullException">It does not fit; the old file stays.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user may not write there; <c>/root</c> and <c>/tmp</c> are his.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public Task UploadAsync(string path, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var start = content.CanSeek ? content.Position : 0;
        var call = FileCall(HttpMethod.Put, path) with { CanRepeat = content.CanSeek, Content = () => new UploadContent(content, start) };
        return _context.Transport.CallAsync(call, cancellationToken);
    }

    /// <summary>Reads a file into memory; a failed attempt is repeated.</summary>
    /// <exception cref="SandboxFileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(FileCall(HttpMethod.Get, path), (response, _) => ReadAllAsync(response, cancellationToken), cancellationToken);

    /// <summary>Reads a UTF-8 text.</summary>
    /// <exception cref="SandboxFileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken = default) =>
        Encoding.UTF8.GetString(await ReadAsync(path, cancellationToken).ConfigureAwait(false));

    /// <summary>Opens a file for reading without holding it in memory. Once it is open, a broken connection throws <see cref="IOException"/>.</summary>
    /// <exception cref="SandboxFileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotAFileException">A directory, socket or device stands there.</exception>
    public async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken = default)
    {
        var response = await _context.Transport.CallAsync(FileCall(HttpMethod.Get, path), static (answer, _) => Task.FromResult(answer), cancellationToken).ConfigureAwait(false);
        // The content's stream gives the connection back when it is disposed.
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a file or link, or whatever else the name stands for but a folder.</summary>
    /// <exception cref="SandboxFileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotAFileException">It is a folder.</exception>
    public Task DeleteAsync(string path, CancellationToken cancellationToken = default) => _context.Transport.CallAsync(FileCall(HttpMethod.Delete, path), cancellationToken);

    /// <summary>Lists a folder page by page, sorted by the bytes of the names.</summary>
    /// <exception cref="SandboxFileNotFoundException">There is no such folder.</exception>
    /// <exception cref="NotADirectoryException">Something else stands there.</exception>
    public async IAsyncEnumerable<SandboxFileInfo> ListAsync(string path = SandboxPath.Home, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var query = $"files?path={Uri.EscapeDataString(SandboxPath.Absolute(path))}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            var page = await _context.Transport.CallAsync(_context.Call(HttpMethod.Get, query), ClientJson.Default.FileListing, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page.Files) yield return entry;
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
    }

    private ApiCall FileCall(HttpMethod method, string path) => _context.Call(method, SandboxPath.ToRoute(path));

    private async Task<byte[]> ReadAllAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var transport = _context.Transport;
        await using var from = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var to = new MemoryStream();
        using var attempt = new Attempt(transport.Options.AnswerTimeout, transport.Time, cancellationToken);
        var buffer = new byte[UploadContent.PieceBytes];
        try
        {
            while (await from.ReadAsync(buffer, attempt.Token).ConfigureAwait(false) is > 0 and var count)
            {
                to.Write(buffer, 0, count);
                attempt.Restart();
            }
        }
        catch (OperationCanceledException e) when (attempt.Passed)
        {
            throw new PodflareConnectionException($"The file stopped coming for {transport.Options.AnswerTimeout.TotalSeconds:0.###} s.", e);
        }

        return to.ToArray();
    }
}
