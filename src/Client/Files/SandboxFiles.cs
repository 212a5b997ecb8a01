using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

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
    private readonly SandboxScope? _scopeOrNull;

    internal SandboxFiles(SandboxScope scope) => _scopeOrNull = scope;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected SandboxFiles()
    {
    }

    private SandboxScope Scope => _scopeOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Writes a file from memory. Failed attempts are retried.</summary>
    /// <exception cref="DiskFullException">The file does not fit. An existing file is unchanged.</exception>
    /// <exception cref="FileAccessDeniedException">The sandbox's user has no write permission; it has for <c>/root</c> and <c>/tmp</c>.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(FileCall(HttpMethod.Put, path) with { Content = () => new ReadOnlyMemoryContent(content) }, cancellationToken);

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
        return Scope.Transport.CallAsync(call, cancellationToken);
    }

    /// <summary>Reads a file into memory. Failed attempts are retried.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(FileCall(HttpMethod.Get, path), (response, _) => ReadAllAsync(response, cancellationToken), cancellationToken);

    /// <summary>Reads a UTF-8 text file.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken = default) =>
        Encoding.UTF8.GetString(await ReadAsync(path, cancellationToken).ConfigureAwait(false));

    /// <summary>Opens a file for reading without buffering it in memory. If the connection is lost while reading, the stream throws <see cref="IOException"/>.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory, socket or device.</exception>
    public virtual Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken = default) => OpenAsync(FileCall(HttpMethod.Get, path), cancellationToken);

    /// <summary>Deletes a file, link, socket or device; not a directory.</summary>
    /// <exception cref="SandboxFileNotFoundException">The file does not exist.</exception>
    /// <exception cref="NotAFileException">The path is a directory.</exception>
    public virtual Task DeleteAsync(string path, CancellationToken cancellationToken = default) => Scope.Transport.CallAsync(FileCall(HttpMethod.Delete, path), cancellationToken);

    /// <summary>Deletes a directory, or anything else that has this path. Links are deleted, not followed.</summary>
    /// <param name="path">The path.</param>
    /// <param name="recursive">Whether everything in the directory is deleted as well. Default: no.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SandboxFileNotFoundException">The path does not exist.</exception>
    /// <exception cref="DirectoryNotEmptyException">The directory is not empty, and <paramref name="recursive"/> is false.</exception>
    public virtual Task DeleteDirectoryAsync(string path, bool recursive = false, CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Scope.Call(HttpMethod.Delete, $"{SandboxPath.ToRoute(path)}{(recursive ? "?recursive=true" : "")}"), cancellationToken);

    /// <summary>Describes a file, directory or link.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followLink">Whether a link is followed, so that its target is described.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SandboxFileNotFoundException">The path does not exist.</exception>
    public virtual Task<SandboxFileInfo> StatAsync(string path, bool followLink = false, CancellationToken cancellationToken = default) => Scope.Transport.CallAsync(
        Scope.Call(HttpMethod.Get, $"fs/stat?path={Uri.EscapeDataString(SandboxPath.Absolute(path))}{(followLink ? "&follow=true" : "")}"), ClientJson.Default.SandboxFileInfo, cancellationToken);

    /// <summary>Whether the path exists. A link exists even if its target does not.</summary>
    public virtual async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            await StatAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
            return true;
        }
        // A parent of it may be a file.
        catch (Exception e) when (e is SandboxFileNotFoundException or NotADirectoryException)
        {
            return false;
        }
    }

    /// <summary>Creates a directory. Succeeds if it exists.</summary>
    /// <param name="path">The path.</param>
    /// <param name="parents">Whether missing parents are created. Default: yes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="FileExistsException">The path exists and is not a directory.</exception>
    /// <exception cref="SandboxFileNotFoundException">A parent does not exist, and <paramref name="parents"/> is false.</exception>
    public virtual Task CreateDirectoryAsync(string path, bool parents = true, CancellationToken cancellationToken = default) =>
        PostAsync("fs/mkdir", new DirectoryBody(SandboxPath.Absolute(path), parents, null), ClientJson.Default.DirectoryBody, cancellationToken);

    /// <summary>Moves or renames a file or directory. Missing parents of the target are created.</summary>
    /// <param name="from">The path now.</param>
    /// <param name="to">The path afterwards.</param>
    /// <param name="overwrite">Whether an existing file is replaced. Default: yes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SandboxFileNotFoundException"><paramref name="from"/> does not exist.</exception>
    /// <exception cref="FileExistsException"><paramref name="to"/> exists, and <paramref name="overwrite"/> is false.</exception>
    public virtual Task MoveAsync(string from, string to, bool overwrite = true, CancellationToken cancellationToken = default) =>
        // A repeated move would not find the file any more.
        PostAsync("fs/move", new MoveBody(SandboxPath.Absolute(from), SandboxPath.Absolute(to), overwrite, Parents: true, null), ClientJson.Default.MoveBody, cancellationToken, canRetry: false);

    /// <summary>Copies a file, or a directory with everything in it. Missing parents of the target are created.</summary>
    /// <param name="from">What to copy.</param>
    /// <param name="to">The path of the copy.</param>
    /// <param name="overwrite">Whether an existing file is replaced. Default: yes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SandboxFileNotFoundException"><paramref name="from"/> does not exist.</exception>
    /// <exception cref="FileExistsException"><paramref name="to"/> exists, and <paramref name="overwrite"/> is false.</exception>
    public virtual Task CopyAsync(string from, string to, bool overwrite = true, CancellationToken cancellationToken = default) =>
        PostAsync("fs/copy", new MoveBody(SandboxPath.Absolute(from), SandboxPath.Absolute(to), overwrite, Parents: true, true), ClientJson.Default.MoveBody, cancellationToken, canRetry: overwrite);

    /// <summary>Lists a directory, sorted by the bytes of the paths, requesting page after page as needed.</summary>
    /// <param name="path">The directory. Default: the home directory, <c>/root</c>.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="SandboxFileNotFoundException">The directory does not exist.</exception>
    /// <exception cref="NotADirectoryException">The path is not a directory.</exception>
    public virtual IAsyncEnumerable<SandboxFileInfo> ListAsync(string path = SandboxPath.Home, CancellationToken cancellationToken = default) => ListAsync(path, "", cancellationToken);

    /// <summary>Lists a directory and the directories in it. Links are not followed.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="depth">1 for the directory alone, at most 32.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="SandboxFileNotFoundException">The directory does not exist.</exception>
    /// <exception cref="NotADirectoryException">The path is not a directory.</exception>
    public virtual IAsyncEnumerable<SandboxFileInfo> ListTreeAsync(string path, int depth, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        return ListAsync(path, $"&depth={depth}", cancellationToken);
    }

    /// <summary>
    /// Copies the content of a local directory into a directory in the sandbox, which is created if needed. Existing files are replaced, other files
    /// stay. Links are copied as links. Each file is written whole or not at all; the directory as a whole is not atomic.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">The local directory does not exist.</exception>
    /// <exception cref="InvalidArchiveException">The directory contains something that cannot be copied, such as a device.</exception>
    public virtual async Task<ArchiveSummary> UploadDirectoryAsync(string localPath, string path, CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(localPath)) throw new DirectoryNotFoundException($"The directory '{localPath}' does not exist.");
        await CreateDirectoryAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
        var call = Scope.Call(HttpMethod.Post, ArchiveRoute(path)) with { Content = () => new TarContent(localPath) };
        return await Scope.Transport.CallAsync(call, ClientJson.Default.ArchiveSummary, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Copies the content of a directory in the sandbox into a local directory, which is created if needed. Existing files are replaced, other files
    /// stay. Links that lead out of the directory are skipped. A lost connection leaves a part of the files.
    /// </summary>
    /// <exception cref="SandboxFileNotFoundException">The directory does not exist.</exception>
    /// <exception cref="IOException">The connection was lost, or a file could not be written.</exception>
    /// <exception cref="InvalidDataException">The archive is damaged, or contains something else than files, directories and links.</exception>
    public virtual async Task<DirectoryDownload> DownloadDirectoryAsync(string path, string localPath, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(localPath);
        await using var archive = await OpenAsync(Scope.Call(HttpMethod.Get, ArchiveRoute(path)), cancellationToken).ConfigureAwait(false);
        return await new TarExtractor(localPath).ExtractAsync(archive, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Reports changes below a path as they occur, until the loop is left or the call is canceled. An event with <see cref="FileChange.Overflow"/> means
    /// that some changes are missing.
    /// </summary>
    /// <param name="path">The file or directory to watch.</param>
    /// <param name="recursive">Whether the directories in it are watched as well.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="SandboxFileNotFoundException">The path does not exist.</exception>
    public virtual async IAsyncEnumerable<FileChangedEvent> WatchAsync(string path, bool recursive = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // A reader that vanishes must not leave a watch behind.
        var body = new RunBody { Watch = new WatchBody(SandboxPath.Absolute(path), recursive), OnDisconnect = "interrupt" };
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = new RunLauncher(Scope).StreamAsync(new RunStart(body, null, null), leaving.Token).GetAsyncEnumerator(leaving.Token);
        try
        {
            while (await events.MoveNextAsync().ConfigureAwait(false))
            {
                if (events.Current is FileChangedEvent change) yield return change;
            }
        }
        finally
        {
            // The stream interrupts its run when it is canceled.
            await leaving.CancelAsync().ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<SandboxFileInfo> ListAsync(string path, string more, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var query = $"files?path={Uri.EscapeDataString(SandboxPath.Absolute(path))}{more}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            var page = await Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get, query), ClientJson.Default.FileListing, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page.Files) yield return entry;
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
    }

    private static string ArchiveRoute(string path) => $"fs/archive?path={Uri.EscapeDataString(SandboxPath.Absolute(path))}";

    private Task PostAsync<T>(string route, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken, bool canRetry = true)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        return Scope.Transport.CallAsync(Scope.Call(HttpMethod.Post, route) with { CanRetry = canRetry, Content = () => SandboxScope.Json(json) }, cancellationToken);
    }

    private async Task<Stream> OpenAsync(ApiCall call, CancellationToken cancellationToken)
    {
        var response = await Scope.Transport.CallAsync(call, static (answer, _) => Task.FromResult(answer), cancellationToken).ConfigureAwait(false);
        // Disposing the content's stream releases the connection.
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    private ApiCall FileCall(HttpMethod method, string path) => Scope.Call(method, SandboxPath.ToRoute(path));

    private async Task<byte[]> ReadAllAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var transport = Scope.Transport;
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
