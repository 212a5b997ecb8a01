using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>Writes to the standard input of runs.</summary>
internal sealed class StdinWriter(IGrainFactory grains, JsonRequestHandler requests, TimeProvider time)
{
    /// <returns>Bytes that the sandbox has accepted of the run's input.</returns>
    public Task<long> WriteAsync(HttpContext context, TenantId tenant, SandboxId id, RunId run, BodyParser<StdinChunk> parse)
    {
        return requests.HandleOnceAsync(context, parse, (chunk, token) =>
            // Only the offset tells whether the sandbox has the bytes already.
            chunk.Offset is null ? Write(chunk, token) : GrainCallRetry.RetryLostAsync(() => Write(chunk, token), time, token));

        Task<long> Write(StdinChunk chunk, CancellationToken token) => grains.GetGrain<ISandboxGrain>(id.Value).WriteStdin(tenant, run, chunk, token);
    }
}
