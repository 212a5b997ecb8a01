using Orleans.Concurrency;
using Orleans.Runtime;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>
/// The files of a sandbox, on every sandbox grain. Bytes move chunk by chunk, each a call of its own, and stay nowhere: the caller names
/// a transfer by an id that it has drawn, and says where in the file it is, so that no chunk is ever taken twice.
/// </summary>
/// <remarks>All throw <see cref="FileRefusedException"/> where the sandbox refuses, and <see cref="FileTransferLostException"/> where the transfer is gone.</remarks>
[Alias("podflare.IFileExtension")]
public interface IFileExtension : IGrainExtension
{
    /// <exception cref="TooManyTransfersException">Wait for one to end.</exception>
    [AlwaysInterleave, Alias("OpenRead")]
    Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken = default);

    /// <summary>The next chunk; null when there is none.</summary>
    /// <param name="offset">Bytes read so far.</param>
    [AlwaysInterleave, Alias("Read")]
    Task<FileChunk?> Read(Guid id, long offset, CancellationToken cancellationToken = default);

    /// <summary>Begins a new file, which takes its place only with <see cref="Commit"/>; missing folders are made.</summary>
    /// <param name="size">In bytes, where the caller knows it: what does not fit is then refused at once.</param>
    /// <exception cref="TooManyTransfersException">Wait for one to end.</exception>
    [AlwaysInterleave, Alias("OpenWrite")]
    Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, CancellationToken cancellationToken = default);

    /// <summary>Returns when the sandbox has written it.</summary>
    /// <param name="offset">Bytes written so far.</param>
    [AlwaysInterleave, Alias("Write")]
    Task Write(Guid id, long offset, FileChunk chunk, CancellationToken cancellationToken = default);

    /// <summary>Puts the file in its place, in one step.</summary>
    [AlwaysInterleave, Alias("Commit")]
    Task Commit(Guid id, long length, CancellationToken cancellationToken = default);

    /// <summary>Says that a slow client is still there.</summary>
    [AlwaysInterleave, Alias("KeepAlive")]
    Task KeepAlive(Guid id);

    /// <summary>Ends a transfer; one that was not committed leaves nothing. Repeating it is fine.</summary>
    [AlwaysInterleave, Alias("Close")]
    Task Close(Guid id);

    /// <summary>Deletes a file or link.</summary>
    [AlwaysInterleave, Alias("Delete")]
    Task Delete(TenantId tenant, FilePath path, CancellationToken cancellationToken = default);

    /// <summary>One page of a folder.</summary>
    /// <param name="after">The name after which it begins; null for the first.</param>
    [AlwaysInterleave, Alias("List")]
    Task<FilePage> List(TenantId tenant, FilePath path, byte[]? after, int limit, CancellationToken cancellationToken = default);
}
