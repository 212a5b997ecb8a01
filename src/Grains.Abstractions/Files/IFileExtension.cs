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

    /// <summary>As the other overload, of a part of the file, and only where conditions hold.</summary>
    /// <exception cref="PreconditionFailedException">They do not hold.</exception>
    /// <exception cref="RangeNotSatisfiableException">The file ends before the range.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("OpenReadRange")]
    Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, FileRange? range, FileConditions conditions, CancellationToken cancellationToken = default);

    /// <summary>As the other overload, only where conditions hold. They are checked again when the file takes its place.</summary>
    /// <exception cref="PreconditionFailedException">They do not hold.</exception>
    /// <exception cref="NotOfferedException">The guest is too old for conditions.</exception>
    [AlwaysInterleave, Alias("OpenWriteIf")]
    Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, FileConditions conditions, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="Commit"/>.</summary>
    /// <returns>The new file; null from an older guest.</returns>
    /// <exception cref="PreconditionFailedException">The conditions of the write no longer hold.</exception>
    [AlwaysInterleave, Alias("Publish")]
    Task<FileEntry?> Publish(Guid id, long length, CancellationToken cancellationToken = default);

    /// <summary>Deletes a file, link or folder.</summary>
    /// <param name="recursive">A folder with everything below it; links are not followed. Otherwise it must be empty.</param>
    /// <exception cref="PreconditionFailedException">The conditions do not hold.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("DeleteIf")]
    Task Delete(TenantId tenant, FilePath path, bool recursive, FileConditions conditions, CancellationToken cancellationToken = default);

    /// <summary>What stands under a name.</summary>
    /// <param name="followLinks">Of a link: what it leads to.</param>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("Stat")]
    Task<FileEntry> Stat(TenantId tenant, FilePath path, bool followLinks, CancellationToken cancellationToken = default);

    /// <param name="mode">Permissions; null for the usual ones.</param>
    /// <param name="parents">Makes missing folders above it, too.</param>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("CreateDirectory")]
    Task<DirectoryCreation> CreateDirectory(TenantId tenant, FilePath path, int? mode, bool parents, CancellationToken cancellationToken = default);

    /// <summary>Moves a file, link or folder; links are not followed.</summary>
    /// <returns>The entry at its new place.</returns>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("Move")]
    Task<FileEntry> Move(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, CancellationToken cancellationToken = default);

    /// <summary>Copies a file or link, or with <paramref name="recursive"/> a folder. A folder is merged into one that exists.</summary>
    /// <returns>The copy.</returns>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("Copy")]
    Task<FileEntry> Copy(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, bool recursive, CancellationToken cancellationToken = default);

    /// <summary>One page of a folder and what is below it, sorted by the bytes of the paths. A page may be shorter than its limit.</summary>
    /// <param name="depth">1 for the folder alone, at most <see cref="FilePage.MaxDepth"/>.</param>
    /// <param name="after"><see cref="FilePage.Next"/> of the page before; null for the first.</param>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("ListTree")]
    Task<FilePage> ListTree(TenantId tenant, FilePath path, int depth, byte[]? after, int limit, CancellationToken cancellationToken = default);

    /// <summary>Begins to read a folder as a tar archive; <see cref="Read"/> gives its chunks.</summary>
    /// <exception cref="TooManyTransfersException">Wait for one to end.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("OpenArchive")]
    Task OpenArchive(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken = default);

    /// <summary>Begins to extract a tar archive into a folder; <see cref="Write"/> takes its chunks. Each file takes its place as soon as it is whole.</summary>
    /// <exception cref="TooManyTransfersException">Wait for one to end.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("OpenExtract")]
    Task OpenExtract(Guid id, TenantId tenant, FilePath path, bool gzip, CancellationToken cancellationToken = default);

    /// <summary>Ends an extraction.</summary>
    /// <param name="length">Bytes of the archive.</param>
    /// <exception cref="InvalidArchiveException">The archive is damaged, or has members that must not be written. <see cref="Write"/> may throw it, too.</exception>
    [AlwaysInterleave, Alias("Extract")]
    Task<ArchiveSummary> Extract(Guid id, long length, CancellationToken cancellationToken = default);
}
