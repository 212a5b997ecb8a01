using Microsoft.Extensions.Options;
using Podflare.Limits;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>How large a file may be that is uploaded.</summary>
internal sealed class UploadLimits(IOptions<FileOptions> files, ITenantLimits limits)
{
    /// <summary>Bytes of one file, by the limits of the server and of the tenant.</summary>
    public long MaxBytesOf(TenantId tenant) => Math.Min(files.Value.MaxFileBytes, limits.Find(tenant)?.FileBytes ?? long.MaxValue);
}
