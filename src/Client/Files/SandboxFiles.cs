using System.Runtime.CompilerServices;
using System.Text;

namespace Podflare;

/// <summary>
/// The files of a sandbox, as its code sees them. Relative paths start at the home directory, <c>/root</c>, where code runs.
/// Writes are atomic, and create missing directories.
/// </summary>
/// <example>
/// <code>
/// await sandbox.Files.WriteTextAsync("input.csv", "a,b\n1,2\n");
/// await sandbox.RunAsync("print(open('input.csv').read())");
/// </code>
/// </example>
public class SandboxFiles
{
    private readonly SandboxContext? _contextOrNull;

    internal SandboxFiles(SandboxContext context) => _contextOrNull = context;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected SandboxFiles()
    {
    }

    private SandboxContext Context => _contextOrNull ?? throw SandboxContext.Missing("This member");

    /// <summary>Writes a file from memory. Failed attempts are retried.</summary>
    /// <exception cref="DiskFullException">The file does not fit. An existing file is unchanged.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user has no write permission; it has for <c>/root</c> and <c>/tmp</c>.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(FileCall(HttpMethod.Put, path) with { Content = () => new ReadOnlyMemoryContent(content) }, cancellationToken);

    /// <summary>Writes a text as UTF-8. Failed attempts are retried.</summary>
    /// <exception cref="DiskFullException">The file does not fit. An existing file is unchanged.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user has no write permission; it has for <c>/root</c> and <c>/tmp</c>.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task WriteTextAsync(string path, string text, CancellationToken cancellationToken = default) => WriteAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>
    /// Writes a file from a stream, starting at its current position, without buffering it in memory. Failed attempts are retried only if the stream
    /// can seek. The stream is not disposed.
    /// </summary>
    /// <exception cref="DiskFullException">The file does not fit. An existing file is unchanged.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user has no write permission; it has for <c>/root</c> and <c>/tmp</c>.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task UploadAsync(string path, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var start = content.CanSeek ? content.Position : 0;
        var call = FileCall(HttpMethod.Put, path) with { CanRetry = content.CanSeek, Content = () => new UploadContent(content, start) };
        return Context.Transport.CallAsync(call, cancellationToken);
    }

    /// <summary>Reads a file into memory. Failed attempts are retried.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(FileCall(HttpMethod.Get, path), (response, _) => ReadAllAsync(response, cancellationToken), cancellationToken);

    /// <summary>Reads a UTF-8 text file.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken = default) =>
        Encoding.UTF8.GetString(await ReadAsync(path, cancellationToken).ConfigureAwait(false));

    /// <summary>Opens a file for reading without buffering it in memory. If the connection is lost while reading, the stream throws <see cref="IOException"/>.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken = default)
    {
        var response = await Context.Transport.CallAsync(FileCall(HttpMethod.Get, path), static (answer, _) => Task.FromResult(answer), cancellationToken).ConfigureAwait(false);
        // Disposing the content's stream releases the connection.
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a file, link, socket or device; not a directory.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory.</exception>
    public virtual Task DeleteAsync(string path, CancellationToken cancellationToken = default) => Context.Transport.CallAsync(FileCall(HttpMethod.Delete, path), cancellationToken);

    /// <summary>Lists a directory, sorted by the bytes of the names, requesting page after page as needed.</summary>
    /// <exception cref="SandboxFileNotFoundException">The directory does not exist.</exception>
    /// <exception cref="NotADirectoryException">The path is not a directory.</exception>
    public virtual async IAsyncEnumerable<SandboxFileInfo> ListAsync(string path = SandboxPath.Home, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var query = $"files?path={Uri.EscapeDataString(SandboxPath.Absolute(path))}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            var page = await Context.Transport.CallAsync(Context.Call(HttpMethod.Get, query), ClientJson.Default.FileListing, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page.Files) yield return entry;
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
    }

    private ApiCall FileCall(HttpMethod method, string path) => Context.Call(method, SandboxPath.ToRoute(path));

    private async Task<byte[]> ReadAllAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var transport = Context.Transport;
        await using var from = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var to = new MemoryStream();
        using var attempt = new Attempt(transport.Options.AnswerTimeout, transport.Time, cancellationToken);
        var buffer = new byte[UploadContent.PieceBytes];
        try
        {
            while (await from.ReadAsync(buffer, attempt.Token).ConfigureAwait(false) is > 0 and var count)
            {
                to.Write(buffer, 0, count);
                attempt.ResetTimeout();
            }
        }
        catch (OperationCanceledException e) when (attempt.TimedOut)
        {
            throw new PodflareConnectionException($"The server sent no data of the file for {transport.Options.AnswerTimeout.TotalSeconds:0.###} s.", e);
        }

        return to.ToArray();
    }
}
